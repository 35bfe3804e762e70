SELECT EXISTS (
    SELECT FROM schema.mainspring_jobs WHERE state = 1 AND lease_until_us <= $1
) OR EXISTS (
    SELECT FROM schema.mainspring_jobs
    WHERE state <> 1 AND start_by_us IS NOT NULL AND failures = 0 AND rescues = 0
        AND start_by_us < $1
) AS found
