-- Claims for $3 until $4 the earliest $5 schedules that come due by $1 and that nobody holds a live
-- claim on at $2.
WITH due AS MATERIALIZED (
    SELECT id FROM schema.mainspring_schedules
    WHERE due_at_us IS NOT NULL AND next_at_us <= $1
        AND (claimed_until_us IS NULL OR claimed_until_us <= $2)
    ORDER BY next_at_us, id
    LIMIT $5
    FOR UPDATE SKIP LOCKED
)
UPDATE schema.mainspring_schedules SET claimed_by = $3, claimed_until_us = $4
WHERE id = ANY (ARRAY(SELECT due.id FROM due))
RETURNING {schedule}
