-- Who holds keys, until when if it is over, and where it stands if it is not.
SELECT held.task, held.key, held.job, held.over_until_us, job.state
FROM unnest($1::text[], $2::text[]) AS wanted (task, key)
JOIN schema.mainspring_keys AS held ON held.task = wanted.task AND held.key = wanted.key
LEFT JOIN schema.mainspring_jobs AS job ON job.id = held.job
ORDER BY held.task, held.key
FOR UPDATE OF held
