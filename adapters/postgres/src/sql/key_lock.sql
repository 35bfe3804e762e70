-- Who holds keys, and until when if it is over.
SELECT held.task, held.key, held.job, held.over_until_us
FROM unnest($1::text[], $2::text[]) AS wanted (task, key)
JOIN schema.mainspring_keys AS held ON held.task = wanted.task AND held.key = wanted.key
ORDER BY held.task, held.key
FOR UPDATE OF held
