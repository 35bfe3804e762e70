-- A row that cannot be read: its id may be what is wrong with it.
UPDATE mainspring_schedules SET
    quarantine = ?,
    revision = (revision + 1) & 4294967295,
    claimed_by = NULL,
    claimed_until_us = NULL,
    updated_at_us = ?
WHERE id = ?;
