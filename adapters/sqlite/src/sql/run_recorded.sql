-- How the attempt of claim ?2 of job ?1 ended, and whether it settled the job.
SELECT outcome, settled FROM mainspring_runs WHERE job = ?1 AND token = ?2 ORDER BY seq LIMIT 1;
