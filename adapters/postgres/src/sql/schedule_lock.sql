SELECT {schedule} FROM schema.mainspring_schedules WHERE id = ANY($1) ORDER BY id FOR UPDATE
