INSERT INTO schema.mainspring_schedules (
    id, task, source, trigger_format, trigger_version, trigger_bytes, payload_format,
    payload_version, payload_bytes, exclude_format, exclude_version, exclude_bytes, coalesce,
    misfire_grace_us, catch_up, jitter_us, jitter_spread, slack_us, overlap, fire_limit,
    after_run_us, max_failures, priority, timeout_us, retry_max, backoff_kind,
    backoff_first_us, backoff_max_us, retry_jitter, max_rescues, tags, paused, revision,
    next_kind, next_at_us, last_fire_at_us, fired, failures, pause_reason, pause_since_us,
    created_at_us, updated_at_us
)
SELECT new.*, $41, $41
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::smallint[], $5::integer[], $6::bytea[],
    $7::smallint[], $8::integer[], $9::bytea[], $10::smallint[], $11::integer[], $12::bytea[],
    $13::smallint[], $14::bigint[], $15::integer[], $16::bigint[], $17::smallint[],
    $18::bigint[], $19::smallint[], $20::bigint[], $21::bigint[], $22::integer[],
    $23::smallint[], $24::bigint[], $25::integer[], $26::smallint[], $27::bigint[],
    $28::bigint[], $29::smallint[], $30::integer[], $31::text[], $32::boolean[],
    $33::bigint[], $34::smallint[], $35::bigint[], $36::bigint[], $37::bigint[],
    $38::integer[], $39::smallint[], $40::bigint[]
) AS new
ON CONFLICT (id) DO NOTHING
