SELECT DISTINCT schedule FROM mainspring_jobs
WHERE schedule IN (?, ...) AND origin IN (0, 2) AND state = 2;
