SELECT * FROM mainspring_schedules WHERE id = ?;
