UPDATE schema.mainspring_schedules AS old SET
    quarantine = new.reason,
    revision = (old.revision + 1) & 4294967295,
    claimed_by = NULL,
    claimed_until_us = NULL,
    updated_at_us = $4
FROM unnest($1::text[], $2::bigint[], $3::text[]) AS new (id, revision, reason)
WHERE old.id = new.id AND old.revision = new.revision
