SELECT * FROM mainspring_nodes WHERE id > ? ORDER BY id LIMIT ? OFFSET ?;
