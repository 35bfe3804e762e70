-- The jobs of schedules that are not over, the newest first. A backfill (3) is not in turn.
SELECT schedule, id, state, watched
FROM mainspring_jobs
WHERE schedule IN (?, ...) AND origin <> 3
ORDER BY created_at_us DESC, seq DESC
FOR UPDATE;
