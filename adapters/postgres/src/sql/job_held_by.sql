-- What a node holds. Asked when a node starts or ends; bounded by what all nodes hold.
SELECT id FROM schema.mainspring_jobs
WHERE state = 1 AND node = $1
ORDER BY lease_until_us, id
LIMIT $2
