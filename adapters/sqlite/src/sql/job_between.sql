-- Whether a job with an id from ?1 to ?2 exists, or existed and left a record.
SELECT 1 WHERE EXISTS (SELECT 1 FROM mainspring_jobs WHERE id >= ?1 AND id <= ?2)
    OR EXISTS (SELECT 1 FROM mainspring_runs WHERE job >= ?1 AND job <= ?2);
