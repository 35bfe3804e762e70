SELECT
    (SELECT min(due_at_us) FROM mainspring_schedules WHERE due_at_us IS NOT NULL) AS due_at_us,
    (SELECT min(ready_at_us) FROM mainspring_jobs WHERE state = 0 AND ready_at_us > ?1)
        AS ready_at_us,
    (SELECT min(lease_until_us) FROM mainspring_jobs WHERE state = 1) AS lease_until_us,
    (SELECT min(start_by_us) FROM mainspring_jobs
     WHERE state <> 1 AND start_by_us IS NOT NULL AND failures = 0 AND rescues = 0) AS start_by_us,
    (SELECT value FROM mainspring_meta WHERE key = 'config_revision') AS config_revision;
