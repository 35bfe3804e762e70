-- Jobs leave keys, unless others have them by now. ?1 is a JSON list of rows: task, key, the place of
-- the job's id in ?2, its length, until when it holds the key.
DELETE FROM mainspring_keys WHERE (task, key, job) IN (
    SELECT value ->> 0, value ->> 1, substr(?2, value ->> 2, 16)
    FROM json_each(?1) WHERE value ->> 4 IS NULL
);
