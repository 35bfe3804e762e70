SELECT * FROM mainspring_tasks WHERE id = ?1;
