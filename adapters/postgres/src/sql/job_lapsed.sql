-- Jobs whose lease has ended at $1 or whose start deadline has passed before a first attempt. The
-- deadline itself is still in time.
SELECT lapsed.id
FROM (
    (
        SELECT id, lease_until_us AS at_us FROM schema.mainspring_jobs
        WHERE state = 1 AND lease_until_us <= $1
        ORDER BY lease_until_us LIMIT $2
    )
    UNION ALL
    (
        SELECT id, start_by_us + 1 AS at_us FROM schema.mainspring_jobs
        WHERE state <> 1 AND start_by_us IS NOT NULL AND failures = 0 AND rescues = 0
            AND start_by_us < $1
        ORDER BY start_by_us LIMIT $2
    )
) AS lapsed
ORDER BY lapsed.at_us, lapsed.id
LIMIT $2
