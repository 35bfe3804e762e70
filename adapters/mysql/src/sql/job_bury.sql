-- The history's record of a job that cannot be read: whatever its row says, settled as
-- undecodable (5) for a reason.
INSERT INTO mainspring_runs (
    job, token, attempt, task, schedule, origin, fire_at_us, node,
    outcome, settled, finished_at_us, noted_at_us, error
)
SELECT
    id, token, failures + rescues + 1, task, schedule, origin, fire_at_us, node,
    5, 1, ?, ?, ?
FROM mainspring_jobs
WHERE id = ?;
