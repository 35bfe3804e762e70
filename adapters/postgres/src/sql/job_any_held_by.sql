SELECT EXISTS (SELECT FROM schema.mainspring_jobs WHERE state = 1 AND node = $1)
    OR EXISTS (SELECT FROM schema.mainspring_schedules WHERE claimed_by = $1) AS found
