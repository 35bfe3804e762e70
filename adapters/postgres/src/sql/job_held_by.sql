-- What a node holds. Rare, and bounded by what all nodes hold.
SELECT {job} FROM schema.mainspring_jobs
WHERE state = 1 AND node = $1
ORDER BY lease_until_us, id
LIMIT $2
FOR UPDATE SKIP LOCKED
