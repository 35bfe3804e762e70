-- Who holds a key, until when if it is over, and where it stands if it is not.
SELECT held.job, held.over_until_us, job.state
FROM mainspring_keys AS held LEFT JOIN mainspring_jobs AS job ON job.id = held.job
WHERE held.task = ?1 AND held.key = ?2;
