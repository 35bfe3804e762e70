SELECT * FROM mainspring_tasks WHERE id IN (?, ...);
