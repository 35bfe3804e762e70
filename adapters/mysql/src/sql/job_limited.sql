-- Which of these tasks have a limit. It is read without a lock, because most tasks have none.
SELECT id AS task, max_running AS number, 0 AS part
FROM mainspring_tasks FORCE INDEX (PRIMARY)
WHERE id IN (:tasks) AND max_running IS NOT NULL;
