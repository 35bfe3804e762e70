INSERT INTO schema.mainspring_runs (
    job, token, attempt, task, schedule, origin, fire_at_us, node,
    outcome, settled, started_at_us, finished_at_us, output_format, output_version, output_bytes,
    error, seq, noted_at_us, slot
)
SELECT new.*, nextval('schema.mainspring_runs_seq'), $17, (
    SELECT value::smallint FROM schema.mainspring_meta WHERE key = 'runs_slot'
)
FROM unnest(
    $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::smallint[], $7::bigint[],
    $8::text[], $9::smallint[], $10::boolean[], $11::bigint[], $12::bigint[], $13::smallint[],
    $14::integer[], $15::bytea[], $16::text[]
) AS new
