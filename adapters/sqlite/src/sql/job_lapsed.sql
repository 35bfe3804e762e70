-- Jobs whose lease has ended at ?1 or whose start deadline has passed before a first attempt.
SELECT rowid AS row_id, *
FROM mainspring_jobs
WHERE rowid IN (
        SELECT rowid FROM mainspring_jobs
        WHERE state = 1 AND lease_until_us <= ?1
        ORDER BY lease_until_us LIMIT ?2
    )
    OR rowid IN (
        SELECT rowid FROM mainspring_jobs
        WHERE state = 0 AND start_by_us IS NOT NULL AND failures = 0 AND rescues = 0
            AND start_by_us < ?1
        ORDER BY start_by_us LIMIT ?2
    )
ORDER BY ifnull(lease_until_us, start_by_us), id
LIMIT ?2;
