-- The schedules that have to hear of the end of the jobs $1.
SELECT id, schedule FROM schema.mainspring_jobs
WHERE id = ANY($1) AND watched AND schedule IS NOT NULL
