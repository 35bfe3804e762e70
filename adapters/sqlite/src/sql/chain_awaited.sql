-- Whether a job is left of whose end the schedule will hear.
SELECT 1 FROM mainspring_jobs WHERE schedule = ?1 AND watched = 1 LIMIT 1;
