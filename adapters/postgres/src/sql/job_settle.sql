-- Jobs whose end concerns nobody else leave the table, and their last attempts become history. No
-- payload is read. The conditions are written so that one plan is left, which looks each job up in
-- the table's key: `state = 1` would offer the indexes of all leased jobs, which look small while
-- nothing is leased; and this runs on connections of others, too, who may join by hashing. The
-- answer is NULL if all jobs were settled.
WITH ended AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[],
        $6::smallint[], $7::integer[], $8::bytea[], $9::text[]
    ) AS ended (
        id, token, outcome, started_at_us, finished_at_us,
        output_format, output_version, output_bytes, error
    )
),
slot AS MATERIALIZED (
    SELECT value::smallint AS slot FROM schema.mainspring_meta WHERE key = 'runs_slot'
),
gone AS (
    DELETE FROM schema.mainspring_jobs AS job USING ended
    WHERE job.id = ANY (ARRAY[ended.id]) AND job.token - ended.token = 0 AND job.state + 0 = 1
        AND NOT job.watched AND job.unique_key IS NULL
    RETURNING
        job.id, job.token, job.failures + job.rescues + 1 AS attempt, job.task, job.schedule,
        job.origin, job.fire_at_us, job.node, ended.outcome, ended.started_at_us,
        ended.finished_at_us, ended.output_format, ended.output_version, ended.output_bytes,
        ended.error
),
noted AS (
    INSERT INTO schema.mainspring_runs (
        job, token, attempt, task, schedule, origin, fire_at_us, node,
        outcome, started_at_us, finished_at_us, output_format, output_version, output_bytes, error,
        settled, seq, noted_at_us, slot
    )
    SELECT gone.*, true, nextval('schema.mainspring_runs_seq'), $10, slot.slot
    FROM gone CROSS JOIN slot
    RETURNING job
)
SELECT CASE WHEN count(*) < cardinality($1::uuid[])
    THEN coalesce(array_agg(job), '{}') END AS settled
FROM noted
