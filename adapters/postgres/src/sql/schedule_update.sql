-- What changes about schedules while their words stay. `claim` says what becomes of a claim: 0 it
-- stays, 1 it is given up, 2 it ends at `until_us`. Who updates has locked the rows.
UPDATE schema.mainspring_schedules AS old SET
    revision = new.revision,
    next_kind = new.next_kind,
    next_at_us = new.next_at_us,
    last_fire_at_us = new.last_fire_at_us,
    fired = new.fired,
    failures = new.failures,
    pause_reason = new.pause_reason,
    pause_since_us = new.pause_since_us,
    updated_at_us = $12,
    claimed_by = CASE WHEN new.claim = 1 THEN NULL ELSE old.claimed_by END,
    claimed_until_us = CASE
        WHEN new.claim = 0 THEN old.claimed_until_us
        WHEN new.claim = 2 AND old.claimed_by IS NOT NULL THEN new.until_us
    END
FROM unnest(
    $1::text[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[],
    $7::integer[], $8::smallint[], $9::bigint[], $10::smallint[], $11::bigint[]
) AS new (
    id, revision, next_kind, next_at_us, last_fire_at_us, fired,
    failures, pause_reason, pause_since_us, claim, until_us
)
WHERE old.id = new.id
