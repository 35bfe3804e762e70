-- The jobs of a schedule that are not over, the newest first. A backfill (3) is not in turn.
SELECT id FROM mainspring_jobs WHERE schedule = ?1 AND origin <> 3 ORDER BY seq DESC;
