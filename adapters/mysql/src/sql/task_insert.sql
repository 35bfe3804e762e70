INSERT INTO mainspring_tasks (
    id, version, max_running,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter,
    max_rescues, tags
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
