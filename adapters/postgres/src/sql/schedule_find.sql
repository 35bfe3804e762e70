SELECT {schedule} FROM schema.mainspring_schedules WHERE id = $1
