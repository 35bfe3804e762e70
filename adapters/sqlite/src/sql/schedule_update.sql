-- What changes about a schedule while its words stay. ?11 says what becomes of its claim: 0 it stays,
-- 1 it is given up, 2 it ends at ?12.
UPDATE mainspring_schedules SET
    revision = ?2,
    next_kind = ?3,
    next_at_us = ?4,
    last_fire_at_us = ?5,
    fired = ?6,
    failures = ?7,
    pause_reason = ?8,
    pause_since_us = ?9,
    updated_at_us = ?10,
    claimed_by = CASE WHEN ?11 = 1 THEN NULL ELSE claimed_by END,
    claimed_until_us = CASE
        WHEN ?11 = 0 THEN claimed_until_us
        WHEN ?11 = 2 AND claimed_by IS NOT NULL THEN ?12
    END
WHERE id = ?1;
