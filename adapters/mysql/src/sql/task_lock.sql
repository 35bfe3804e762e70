SELECT * FROM mainspring_tasks WHERE id IN (?, ...) ORDER BY id FOR UPDATE;
