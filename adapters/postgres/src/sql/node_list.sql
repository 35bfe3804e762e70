SELECT {node} FROM schema.mainspring_nodes WHERE id > $1 ORDER BY id LIMIT $2 OFFSET $3
