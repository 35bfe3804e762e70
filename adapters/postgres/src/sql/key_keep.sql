-- Jobs are over and hold their keys until some instant.
UPDATE schema.mainspring_keys AS held SET over_until_us = kept.until_us
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[]) AS kept (task, key, job, until_us)
WHERE held.task = kept.task AND held.key = kept.key AND held.job = kept.job
