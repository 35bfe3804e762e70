-- Jobs leave their keys to others, unless others have them by now.
DELETE FROM schema.mainspring_keys AS held
USING unnest($1::text[], $2::text[], $3::uuid[]) AS gone (task, key, job)
WHERE held.task = gone.task AND held.key = gone.key AND held.job = gone.job
