SELECT * FROM mainspring_tasks WHERE id > ? ORDER BY id LIMIT ? OFFSET ?;
