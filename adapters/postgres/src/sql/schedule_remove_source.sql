DELETE FROM schema.mainspring_schedules WHERE source = $1 AND id <> ALL ($2) RETURNING id
