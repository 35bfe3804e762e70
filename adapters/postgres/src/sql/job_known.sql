-- Which of the jobs $1 exist, or existed and are over.
SELECT wanted.id
FROM unnest($1::uuid[]) AS wanted (id)
WHERE EXISTS (SELECT FROM schema.mainspring_jobs AS job WHERE job.id = wanted.id)
    OR EXISTS (
        SELECT FROM schema.mainspring_runs AS run
        WHERE run.job = wanted.id AND run.settled
            AND run.seq >= (
                SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor'
            )
    )
