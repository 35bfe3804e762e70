-- The tasks ?1 (a JSON list).
SELECT * FROM mainspring_tasks WHERE id IN (SELECT value FROM json_each(?1));
