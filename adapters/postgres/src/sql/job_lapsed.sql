-- Jobs whose lease has ended at $1 or whose start deadline has passed before a first attempt. The
-- deadline itself is still in time.
WITH lease AS MATERIALIZED (
    SELECT id, lease_until_us AS at_us FROM schema.mainspring_jobs
    WHERE state = 1 AND lease_until_us <= $1
    ORDER BY lease_until_us LIMIT $2
    FOR UPDATE SKIP LOCKED
),
start AS MATERIALIZED (
    SELECT id, start_by_us + 1 AS at_us FROM schema.mainspring_jobs
    WHERE state <> 1 AND start_by_us IS NOT NULL AND failures = 0 AND rescues = 0
        AND start_by_us < $1
    ORDER BY start_by_us LIMIT $2
    FOR UPDATE SKIP LOCKED
)
SELECT {job} FROM schema.mainspring_jobs
WHERE id = ANY (ARRAY(
    SELECT both.id
    FROM (SELECT * FROM lease UNION ALL SELECT * FROM start) AS both
    ORDER BY both.at_us, both.id LIMIT $2
))
ORDER BY coalesce(lease_until_us, start_by_us + 1), id
