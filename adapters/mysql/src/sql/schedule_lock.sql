SELECT * FROM mainspring_schedules WHERE id IN (?, ...) ORDER BY id FOR UPDATE;
