-- The key of a job whose row cannot be read.
DELETE FROM mainspring_keys WHERE job = ? AND (task, unique_key) IN (
    SELECT task, unique_key FROM mainspring_jobs WHERE id = ?
);
