DELETE FROM mainspring_schedules WHERE id IN (SELECT value FROM json_each(?1)) RETURNING id;
