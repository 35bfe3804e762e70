SELECT * FROM mainspring_schedules FORCE INDEX (PRIMARY)
WHERE id IN (?, ...) ORDER BY id FOR UPDATE;
