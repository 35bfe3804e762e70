SELECT EXISTS (
    SELECT FROM schema.mainspring_schedules
    WHERE due_at_us IS NOT NULL AND next_at_us <= $1
        AND (claimed_until_us IS NULL OR claimed_until_us <= $2)
) AS found
