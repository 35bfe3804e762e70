-- The jobs of each of the schedules ?1 (a JSON list) that are not over, the newest first. A backfill
-- (3) is not in turn with the others.
SELECT wanted.key AS number, job.id, job.state, job.watched
FROM json_each(?1) AS wanted CROSS JOIN mainspring_jobs AS job ON job.schedule = wanted.value
WHERE job.origin <> 3
ORDER BY wanted.key, job.seq DESC;
