-- The limits of these tasks, locked, and then how many of their jobs are leased, lapsed or not.
-- Two statements, because the second one has to see what was committed while the first one waited.
SELECT id AS task, max_running AS number, 0 AS part
FROM mainspring_tasks FORCE INDEX (PRIMARY)
WHERE id IN (:tasks) AND max_running IS NOT NULL
ORDER BY id
FOR UPDATE;
SELECT task.id AS task, COUNT(*) AS number, 1 AS part
FROM mainspring_tasks AS task FORCE INDEX (PRIMARY)
STRAIGHT_JOIN mainspring_jobs AS job FORCE INDEX (mainspring_jobs_claim)
    ON job.state = 1 AND job.task = task.id
WHERE task.id IN (:tasks) AND task.max_running IS NOT NULL
GROUP BY task.id;
