-- The schedules ?1 (a JSON list).
SELECT wanted.key AS number, schedule.*
FROM json_each(?1) AS wanted
    CROSS JOIN mainspring_schedules AS schedule ON schedule.id = wanted.value;
