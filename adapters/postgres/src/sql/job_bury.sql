-- Jobs that cannot be read are settled as undecodable (5) at $3, whatever their rows say, and their
-- keys become free.
WITH bad AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::text[]) AS bad (id, reason)
),
gone AS (
    DELETE FROM schema.mainspring_jobs AS job USING bad WHERE job.id = bad.id
    RETURNING
        job.id, job.token, job.failures + job.rescues + 1 AS attempt, job.task, job.schedule,
        job.origin, job.fire_at_us, job.node, job.unique_key, bad.reason
),
free AS (
    DELETE FROM schema.mainspring_keys AS held USING gone
    WHERE held.task = gone.task AND held.key = gone.unique_key AND held.job = gone.id
)
INSERT INTO schema.mainspring_runs (
    job, token, attempt, task, schedule, origin, fire_at_us, node,
    outcome, settled, finished_at_us, noted_at_us, error, seq, slot
)
SELECT
    id, token, attempt, task, schedule, origin, fire_at_us, node,
    5, true, $3, $3, reason, nextval('schema.mainspring_runs_seq'), (
        SELECT value::smallint FROM schema.mainspring_meta WHERE key = 'runs_slot'
    )
FROM gone
