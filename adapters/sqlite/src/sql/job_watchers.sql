-- The schedules that have to hear of the end of the jobs whose ids are in ?2 where ?1 (a JSON list)
-- says.
SELECT wanted.key AS number, job.schedule AS schedule
FROM json_each(?1) AS wanted
    CROSS JOIN mainspring_jobs AS job ON job.id = substr(?2, wanted.value, 16)
WHERE job.watched = 1 AND job.schedule IS NOT NULL;
