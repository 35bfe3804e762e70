-- Touches no row if the stored version is newer or everything is equal.
INSERT INTO mainspring_tasks (
    id, version, max_running,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter,
    max_rescues, tags
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version,
    max_running = excluded.max_running,
    priority = excluded.priority,
    timeout_us = excluded.timeout_us,
    retry_max = excluded.retry_max,
    backoff_kind = excluded.backoff_kind,
    backoff_first_us = excluded.backoff_first_us,
    backoff_max_us = excluded.backoff_max_us,
    retry_jitter = excluded.retry_jitter,
    max_rescues = excluded.max_rescues,
    tags = excluded.tags
WHERE excluded.version >= mainspring_tasks.version
    AND (
        mainspring_tasks.version, mainspring_tasks.max_running, mainspring_tasks.priority,
        mainspring_tasks.timeout_us, mainspring_tasks.retry_max, mainspring_tasks.backoff_kind,
        mainspring_tasks.backoff_first_us, mainspring_tasks.backoff_max_us,
        mainspring_tasks.retry_jitter, mainspring_tasks.max_rescues, mainspring_tasks.tags
    ) IS NOT (
        excluded.version, excluded.max_running, excluded.priority,
        excluded.timeout_us, excluded.retry_max, excluded.backoff_kind,
        excluded.backoff_first_us, excluded.backoff_max_us,
        excluded.retry_jitter, excluded.max_rescues, excluded.tags
    );
