-- Jobs that are over hold keys for a while. ?1 is a JSON list of rows: task, key, the place of the
-- job's id in ?2, its length, until when it holds the key.
UPDATE mainspring_keys SET over_until_us = new.value ->> 4
FROM json_each(?1) AS new
WHERE mainspring_keys.task = new.value ->> 0 AND mainspring_keys.key = new.value ->> 1
    AND mainspring_keys.job = substr(?2, new.value ->> 2, 16) AND new.value ->> 4 IS NOT NULL;
