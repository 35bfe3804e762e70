-- Which of the schedules ?1 (a JSON list) have a job in turn that waits or is leased.
SELECT wanted.key AS number
FROM json_each(?1) AS wanted
WHERE EXISTS (
    SELECT 1 FROM mainspring_jobs
    WHERE schedule = wanted.value AND origin IN (0, 2) AND state <> 2
);
