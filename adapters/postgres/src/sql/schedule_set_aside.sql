-- A row that cannot be read goes into quarantine.
UPDATE schema.mainspring_schedules AS old SET
    quarantine = new.reason,
    revision = (old.revision + 1) & 4294967295,
    claimed_by = NULL,
    claimed_until_us = NULL,
    updated_at_us = $3
FROM unnest($1::text[], $2::text[]) AS new (id, reason)
WHERE old.id = new.id
