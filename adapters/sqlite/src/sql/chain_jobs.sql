-- The jobs of a schedule that are not over, the newest first.
SELECT id FROM mainspring_jobs WHERE schedule = ?1 ORDER BY seq DESC;
