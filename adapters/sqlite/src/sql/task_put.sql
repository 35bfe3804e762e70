-- Tasks, a JSON list ?1 of rows. Touches no row if the stored version is newer or everything is equal.
INSERT INTO mainspring_tasks (
    id, version, max_running,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter,
    max_rescues, tags
)
SELECT
    new.value ->> 0, new.value ->> 1, new.value ->> 2, new.value ->> 3, new.value ->> 4,
    new.value ->> 5, new.value ->> 6, new.value ->> 7, new.value ->> 8, new.value ->> 9,
    new.value ->> 10, new.value ->> 11
FROM json_each(?1) AS new
-- SQLite needs a condition here to know what ON belongs to.
WHERE true
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
