-- Who holds keys, until when if it is over, and whether it has a row.
SELECT held.task, held.key, held.job, held.over_until_us,
    EXISTS (SELECT FROM schema.mainspring_jobs AS job WHERE job.id = held.job) AS lives
FROM unnest($1::text[], $2::text[]) AS wanted (task, key)
JOIN schema.mainspring_keys AS held ON held.task = wanted.task AND held.key = wanted.key
ORDER BY held.task, held.key
FOR UPDATE OF held
