-- The key of a job whose row ?1 cannot be read.
DELETE FROM mainspring_keys WHERE (task, key) IN (
    SELECT task, unique_key FROM mainspring_jobs WHERE seq = ?1
) AND job = (SELECT id FROM mainspring_jobs WHERE seq = ?1);
