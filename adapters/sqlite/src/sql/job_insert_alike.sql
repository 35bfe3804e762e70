-- Adds jobs that do not exist and differ in nothing but their ids and payloads. ?26 is a JSON list
-- with a number for each: 2^32 times the place where its payload starts in ?7, and how many bytes it
-- has. The ids are in ?25, one after the other.
INSERT INTO mainspring_jobs (
    id, task, schedule, origin, fire_at_us, payload_format, payload_version, payload_bytes,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter,
    max_rescues, tags, unique_key, hold_kind, hold_us, watched, start_by_us, created_at_us,
    ready_at_us, state, failures, rescues, token, cancel
)
SELECT
    substr(?25, 16 * key + 1, 16), ?1, ?2, ?3, ?4, ?5, ?6, substr(?7, value >> 32, value & 4294967295),
    ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, 0, 0, 0, 0
FROM json_each(?26);
