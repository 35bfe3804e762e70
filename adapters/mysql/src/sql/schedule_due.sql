-- The earliest schedules that come due by the first instant and that nobody holds a live claim on
-- at the second.
SELECT *
FROM mainspring_schedules FORCE INDEX (mainspring_schedules_open)
WHERE open_at_us <= ? AND (claimed_until_us IS NULL OR claimed_until_us <= ?)
ORDER BY open_at_us, id
LIMIT ?
FOR UPDATE SKIP LOCKED;
