-- Whether a job exists, or existed and is over.
SELECT 1 WHERE EXISTS (SELECT 1 FROM mainspring_jobs WHERE id = ?1)
    OR EXISTS (SELECT 1 FROM mainspring_runs WHERE job = ?1 AND settled = 1);
