SELECT * FROM mainspring_schedules WHERE TRUE:conditions ORDER BY id LIMIT :limit OFFSET :offset;
