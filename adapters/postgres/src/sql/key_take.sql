-- Gives free keys to jobs. One that somebody else took since it was looked at is contended.
INSERT INTO schema.mainspring_keys AS old (task, key, job)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])
ON CONFLICT (task, key) DO UPDATE SET job = excluded.job, over_until_us = NULL
