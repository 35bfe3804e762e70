UPDATE mainspring_schedules SET
    quarantine = ?3,
    revision = (revision + 1) & 0xffffffff,
    claimed_by = NULL,
    claimed_until_us = NULL,
    updated_at_us = ?4
WHERE id = ?1 AND revision = ?2;
