-- Each of these is the first entry of a stretch of an index. MIN passes over NULLs by itself; asked
-- to by a condition, servers read the whole index.
SELECT
    (SELECT MIN(due_at_us) FROM mainspring_schedules) AS due_at_us,
    (SELECT MIN(wake_at_us) FROM mainspring_jobs WHERE state = 0 AND wake_at_us > :now)
        AS ready_at_us,
    (SELECT MIN(wake_at_us) FROM mainspring_jobs WHERE state = 1) AS lease_until_us,
    (SELECT MIN(expire_at_us) FROM mainspring_jobs) AS start_by_us,
    (SELECT value FROM mainspring_meta WHERE name = 'config_revision') AS config_revision
