-- Jobs whose lease has ended at ?1 or whose start deadline has passed before a first attempt. The
-- deadline itself is still in time.
SELECT id
FROM mainspring_jobs
WHERE seq IN (
        SELECT seq FROM mainspring_jobs
        WHERE state = 1 AND lease_until_us <= ?1
        ORDER BY lease_until_us LIMIT ?2
    )
    OR seq IN (
        SELECT seq FROM mainspring_jobs
        WHERE state <> 1 AND start_by_us IS NOT NULL AND failures = 0 AND rescues = 0
            AND start_by_us < ?1
        ORDER BY start_by_us LIMIT ?2
    )
ORDER BY ifnull(lease_until_us, start_by_us + 1), id
LIMIT ?2;
