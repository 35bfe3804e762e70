-- What can change about jobs that are not over. ?1 is a JSON list of rows, each of which begins with
-- the place of the id in ?2.
UPDATE mainspring_jobs SET
    failures = new.value ->> 2, rescues = new.value ->> 3, token = new.value ->> 4,
    state = new.value ->> 5, ready_at_us = ifnull(new.value ->> 6, ready_at_us),
    node = new.value ->> 7, lease_until_us = new.value ->> 8, cancel = new.value ->> 9,
    start_by_us = new.value ->> 10
FROM json_each(?1) AS new
WHERE mainspring_jobs.id = substr(?2, new.value ->> 0, 16);
