-- The jobs of a schedule that are not over, the newest first.
SELECT id, state, origin, watched FROM schema.mainspring_jobs
WHERE schedule = $1
ORDER BY chain_seq DESC
FOR UPDATE
