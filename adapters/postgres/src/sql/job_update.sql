-- What can change about jobs that are not over. Who updates has locked the rows.
UPDATE schema.mainspring_jobs AS old SET
    failures = new.failures,
    rescues = new.rescues,
    token = new.token,
    state = new.state,
    ready_at_us = coalesce(new.ready_at_us, old.ready_at_us),
    delayed = coalesce(new.ready_at_us, old.ready_at_us) > $11,
    node = new.node,
    lease_until_us = new.lease_until_us,
    cancel = new.cancel,
    start_by_us = new.start_by_us
FROM unnest(
    $1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::smallint[], $6::bigint[],
    $7::text[], $8::bigint[], $9::boolean[], $10::bigint[]
) AS new (
    id, failures, rescues, token, state, ready_at_us, node, lease_until_us, cancel, start_by_us
)
WHERE old.id = new.id
