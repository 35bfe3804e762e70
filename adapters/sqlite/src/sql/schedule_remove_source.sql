DELETE FROM mainspring_schedules
WHERE source = ?1 AND id NOT IN (SELECT value FROM json_each(?2))
RETURNING id;
