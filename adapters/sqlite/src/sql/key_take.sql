-- Jobs take keys, or take them over. ?1 is a JSON list of rows: task, key, the place of the job's id
-- in ?2, its length.
INSERT INTO mainspring_keys (task, key, job)
SELECT new.value ->> 0, new.value ->> 1, substr(?2, new.value ->> 2, 16)
FROM json_each(?1) AS new
-- SQLite needs a condition here to know what ON belongs to.
WHERE true
ON CONFLICT (task, key) DO UPDATE SET job = excluded.job, over_until_us = NULL;
