DELETE FROM schema.mainspring_nodes WHERE id = $1
