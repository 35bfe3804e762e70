-- Adds jobs, except those that exist, or existed and are over. What most jobs of a batch have in
-- common is said once (`kind`) and referred to by its number. Ids begin with their time: as a rule
-- nobody else has one between the smallest of a batch ($28) and the largest ($29), and two looks
-- tell that for all of them. Otherwise each is looked for. A job that is settled at this moment is
-- still there for this statement, and must not come back when it is gone: so the table is asked,
-- too. Two who add one job at the same moment meet in the table's key. (ON CONFLICT would be a
-- further record in the log for each row.) `added` is NULL if all jobs were added; `fresh`, whether
-- nobody else had an id in that range.
WITH fresh AS MATERIALIZED (
    SELECT NOT EXISTS (
        SELECT FROM schema.mainspring_jobs AS old WHERE old.id >= $28 AND old.id <= $29
    ) AND NOT EXISTS (
        SELECT FROM schema.mainspring_runs AS run WHERE run.job >= $28 AND run.job <= $29
    ) AS all
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
        kind.task, job.schedule, job.origin, kind.payload_format, kind.payload_version,
        kind.priority, kind.timeout_us, kind.retry_max, kind.backoff_kind, kind.backoff_first_us,
        kind.backoff_max_us, kind.retry_jitter, kind.max_rescues, kind.tags, kind.hold_kind,
        kind.hold_us, job.watched, job.state, kind.created_at_us,
        job.ready_at_us > $27,
        CASE WHEN job.schedule IS NOT NULL THEN nextval('schema.mainspring_chain') END
    FROM unnest(
        $1::uuid[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
        $7::integer[], $8::text[], $9::smallint[], $10::boolean[], $11::smallint[]
    ) AS job (
        id, payload_bytes, ready_at_us, fire_at_us, start_by_us, unique_key, kind,
        schedule, origin, watched, state
    )
    JOIN unnest(
        $12::text[], $13::smallint[], $14::integer[], $15::smallint[], $16::bigint[],
        $17::integer[], $18::smallint[], $19::bigint[], $20::bigint[], $21::smallint[],
        $22::integer[], $23::text[], $24::smallint[], $25::bigint[], $26::bigint[]
    ) WITH ORDINALITY AS kind (
        task, payload_format, payload_version, priority, timeout_us, retry_max, backoff_kind,
        backoff_first_us, backoff_max_us, retry_jitter, max_rescues, tags, hold_kind, hold_us,
        created_at_us, number
    ) ON kind.number = job.kind
    WHERE CASE WHEN (SELECT fresh.all FROM fresh) THEN true
        ELSE NOT EXISTS (
            SELECT FROM schema.mainspring_jobs AS old WHERE old.id = ANY (ARRAY[job.id])
        ) AND NOT EXISTS (
            SELECT FROM schema.mainspring_runs AS run
            WHERE run.job = job.id AND run.settled AND run.seq >= (SELECT value FROM floor)
        ) END
    RETURNING id
)
SELECT
    CASE WHEN count(*) < cardinality($1::uuid[]) THEN coalesce(array_agg(id), '{}') END AS added,
    (SELECT fresh.all FROM fresh) AS fresh
FROM added
