-- Adds jobs that do not exist and did not exist. ?1 is a JSON list of rows; where a row has two
-- numbers for a column, they say where it starts in ?2 and how many bytes it has.
INSERT INTO mainspring_jobs (
    id, task, schedule, origin, fire_at_us, payload_format, payload_version, payload_bytes,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter,
    max_rescues, tags, unique_key, hold_kind, hold_us, watched, start_by_us, created_at_us,
    ready_at_us, state, failures, rescues, token, cancel
)
SELECT
    substr(?2, new.value ->> 0, 16), new.value ->> 2, new.value ->> 3, new.value ->> 4,
    new.value ->> 5, new.value ->> 6, new.value ->> 7,
    substr(?2, new.value ->> 8, new.value ->> 9), new.value ->> 10, new.value ->> 11,
    new.value ->> 12, new.value ->> 13, new.value ->> 14, new.value ->> 15, new.value ->> 16,
    new.value ->> 17, new.value ->> 18, new.value ->> 19, new.value ->> 20, new.value ->> 21,
    new.value ->> 22, new.value ->> 23, new.value ->> 24, new.value ->> 25, new.value ->> 26, 0,
    0, 0, 0
FROM json_each(?1) AS new
WHERE NOT EXISTS (
    SELECT 1 FROM mainspring_runs WHERE job = substr(?2, new.value ->> 0, 16) AND settled = 1
)
ON CONFLICT (id) DO NOTHING
RETURNING id;
