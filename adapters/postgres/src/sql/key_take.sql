-- Gives keys to jobs: a locked row changes hands from the job that is named, or a new row is
-- written.
INSERT INTO schema.mainspring_keys AS old (task, key, job)
SELECT new.task, new.key, new.job
FROM unnest($1::text[], $2::text[], $3::uuid[]) AS new (task, key, job)
ON CONFLICT (task, key) DO UPDATE SET job = excluded.job, over_until_us = NULL
WHERE (old.task, old.key, old.job) IN (
    SELECT * FROM unnest($1::text[], $2::text[], $4::uuid[])
)
