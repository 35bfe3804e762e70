SELECT {task} FROM schema.mainspring_tasks WHERE id = ANY($1)
