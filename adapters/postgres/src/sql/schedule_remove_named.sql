DELETE FROM schema.mainspring_schedules WHERE id = ANY($1) RETURNING id
