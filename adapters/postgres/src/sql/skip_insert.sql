INSERT INTO schema.mainspring_skips (
    schedule, reason, from_us, to_us, count, at_least, noted_at_us
)
SELECT new.*, $7
FROM unnest(
    $1::text[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[]
) AS new
