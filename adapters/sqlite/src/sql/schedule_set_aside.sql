-- A row that cannot be read is named by its number: its id may be what is wrong with it.
UPDATE mainspring_schedules SET
    quarantine = ?2,
    revision = (revision + 1) & 0xffffffff,
    claimed_by = NULL,
    claimed_until_us = NULL,
    updated_at_us = ?3
WHERE rowid = ?1;
