SELECT {task} FROM schema.mainspring_tasks WHERE id > $1 ORDER BY id LIMIT $2 OFFSET $3
