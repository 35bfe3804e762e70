-- What changes about schedules while their words stay, a JSON list ?1 of rows, at ?2. The last but one
-- number says what becomes of the claim: 0 it stays, 1 it is given up, 2 it ends at the last.
UPDATE mainspring_schedules SET
    revision = new.value ->> 1,
    next_kind = new.value ->> 2,
    next_at_us = new.value ->> 3,
    last_fire_at_us = new.value ->> 4,
    fired = new.value ->> 5,
    failures = new.value ->> 6,
    pause_reason = new.value ->> 7,
    pause_since_us = new.value ->> 8,
    updated_at_us = ?2,
    claimed_by = CASE WHEN new.value ->> 9 = 1 THEN NULL ELSE claimed_by END,
    claimed_until_us = CASE
        WHEN new.value ->> 9 = 0 THEN claimed_until_us
        WHEN new.value ->> 9 = 2 AND claimed_by IS NOT NULL THEN new.value ->> 10
    END
FROM json_each(?1) AS new
WHERE mainspring_schedules.id = new.value ->> 0;
