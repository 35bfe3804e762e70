SELECT * FROM mainspring_schedules WHERE id > ifnull(?1, '') ORDER BY id LIMIT ?2 OFFSET ?3;
