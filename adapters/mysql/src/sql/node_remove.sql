DELETE FROM mainspring_nodes WHERE id = ?;
