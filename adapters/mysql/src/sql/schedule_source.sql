-- The schedules that were written down there.
SELECT id FROM mainspring_schedules WHERE source = ? ORDER BY id FOR UPDATE;
