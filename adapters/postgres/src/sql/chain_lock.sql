-- The jobs of schedules that are not over. A backfill (3) is not in turn with the others.
SELECT id, schedule, state, watched, chain_seq FROM schema.mainspring_jobs
WHERE schedule = ANY($1) AND origin <> 3
ORDER BY id
FOR UPDATE
