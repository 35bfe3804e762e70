-- ?5 is the new end of the claim; NULL gives it up.
UPDATE mainspring_schedules SET
    revision = ?2,
    next_at_us = ?3,
    last_fire_at_us = ifnull(?4, last_fire_at_us),
    claimed_by = CASE WHEN ?5 IS NULL THEN NULL ELSE claimed_by END,
    claimed_until_us = CASE WHEN claimed_by IS NULL THEN NULL ELSE ?5 END,
    updated_at_us = ?6
WHERE id = ?1;
