-- Adds jobs that do not exist: a list of values for each.
INSERT INTO mainspring_jobs (
    id, task, schedule, origin, fire_at_us, payload_format, payload_version, payload_bytes,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter,
    max_rescues, tags, unique_key, hold_kind, hold_us, watched, start_by_us, created_at_us,
    ready_at_us, state, failures, rescues, token, cancel
)
VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0
), ...;
