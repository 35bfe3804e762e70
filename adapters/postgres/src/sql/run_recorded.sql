-- How attempts ended, and whether that settled their jobs.
SELECT DISTINCT ON (run.job, run.token) run.job, run.token, run.outcome, run.settled
FROM unnest($1::uuid[], $2::bigint[]) AS wanted (job, token)
JOIN schema.mainspring_runs AS run ON run.job = wanted.job AND run.token = wanted.token
WHERE run.seq >= (SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor')
ORDER BY run.job, run.token, run.seq
