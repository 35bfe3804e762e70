-- Who holds keys, until when if they are over, and whether their jobs are there. ?1 is a JSON list of
-- tasks and keys.
SELECT wanted.key AS number, held.job AS job, held.over_until_us AS over_until_us,
    EXISTS (SELECT 1 FROM mainspring_jobs AS job WHERE job.id = held.job) AS lives
FROM json_each(?1) AS wanted
    CROSS JOIN mainspring_keys AS held
        ON held.task = wanted.value ->> 0 AND held.key = wanted.value ->> 1;
