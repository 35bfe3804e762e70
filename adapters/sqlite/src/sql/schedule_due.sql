-- The earliest schedules that come due by ?1 and that nobody holds a live claim on at ?2.
SELECT rowid AS row_id, *
FROM mainspring_schedules
WHERE paused = 0 AND pause_reason IS NULL AND quarantine IS NULL AND next_at_us IS NOT NULL
    AND next_at_us <= ?1
    AND (claimed_until_us IS NULL OR claimed_until_us <= ?2)
ORDER BY next_at_us, id
LIMIT ?3;
