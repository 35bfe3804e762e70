-- Adds jobs, except those that exist, or existed and are over. What most jobs of a batch have in
-- common is said once (`kind`) and referred to by its number. Ids begin with their time: a new job
-- has a larger one than all that are over, so that history is hardly ever asked about it. A job
-- that is settled at this moment is still there for this statement, and must not come back when it
-- is gone: so the table is asked, too. Two who add one job at the same moment meet in the table's
-- key. (ON CONFLICT would be a further record in the log for each row.) The answer is NULL if all
-- jobs were added.
WITH newest AS MATERIALIZED (
    SELECT job FROM schema.mainspring_runs ORDER BY job DESC LIMIT 1
),
floor AS MATERIALIZED (
    SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor'
),
added AS (
    INSERT INTO schema.mainspring_jobs (
        id, payload_bytes, ready_at_us, fire_at_us, start_by_us, unique_key,
        task, schedule, origin, payload_format, payload_version,
        priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us,
        retry_jitter, max_rescues, tags, hold_kind, hold_us, watched, state, created_at_us,
        delayed, chain_seq
    )
    SELECT
        job.id, job.payload_bytes, job.ready_at_us, job.fire_at_us, job.start_by_us, job.unique_key,
        kind.task, kind.schedule, kind.origin, kind.payload_format, kind.payload_version,
        kind.priority, kind.timeout_us, kind.retry_max, kind.backoff_kind, kind.backoff_first_us,
        kind.backoff_max_us, kind.retry_jitter, kind.max_rescues, kind.tags, kind.hold_kind,
        kind.hold_us, kind.watched, kind.state, kind.created_at_us,
        job.ready_at_us > $27,
        CASE WHEN kind.schedule IS NOT NULL THEN nextval('schema.mainspring_chain') END
    FROM unnest(
        $1::uuid[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::integer[]
    ) AS job (id, payload_bytes, ready_at_us, fire_at_us, start_by_us, unique_key, kind)
    JOIN unnest(
        $8::text[], $9::text[], $10::smallint[], $11::smallint[], $12::integer[], $13::smallint[],
        $14::bigint[], $15::integer[], $16::smallint[], $17::bigint[], $18::bigint[],
        $19::smallint[], $20::integer[], $21::text[], $22::smallint[], $23::bigint[],
        $24::boolean[], $25::smallint[], $26::bigint[]
    ) WITH ORDINALITY AS kind (
        task, schedule, origin, payload_format, payload_version, priority, timeout_us, retry_max,
        backoff_kind, backoff_first_us, backoff_max_us, retry_jitter, max_rescues, tags, hold_kind,
        hold_us, watched, state, created_at_us, number
    ) ON kind.number = job.kind
    WHERE NOT EXISTS (
            SELECT FROM schema.mainspring_jobs AS old WHERE old.id = ANY (ARRAY[job.id])
        )
        AND CASE WHEN job.id > (SELECT newest.job FROM newest) THEN true
            ELSE NOT EXISTS (
                SELECT FROM schema.mainspring_runs AS run
                WHERE run.job = job.id AND run.settled AND run.seq >= (SELECT value FROM floor)
            ) END
    RETURNING id
)
SELECT CASE WHEN count(*) < cardinality($1::uuid[]) THEN coalesce(array_agg(id), '{}') END AS added
FROM added
