-- The jobs with these numbers (a JSON list), and where in the list.
SELECT wanted.key AS number, job.*
FROM json_each(?1) AS wanted CROSS JOIN mainspring_jobs AS job ON job.seq = wanted.value;
