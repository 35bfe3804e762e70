-- The jobs of schedules that are not over, the newest first: fires (0) and those run by hand (2). A
-- backfill is not in turn with the others.
SELECT schedule, id, state, watched
FROM mainspring_jobs
WHERE schedule IN (?, ...) AND origin IN (0, 2)
ORDER BY created_at_us DESC, seq DESC
FOR UPDATE;
