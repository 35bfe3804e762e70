-- The jobs of each of the schedules ?1 (a JSON list) that are not over, the newest first: fires (0)
-- and those run by hand (2). A backfill is not in turn with the others.
SELECT wanted.key AS number, job.id, job.state, job.watched
FROM json_each(?1) AS wanted CROSS JOIN mainspring_jobs AS job ON job.schedule = wanted.value
WHERE job.origin IN (0, 2)
ORDER BY wanted.key, job.seq DESC;
