-- The name comes first, as in all lists of a task's columns, and stays the same.
UPDATE mainspring_tasks SET
    id = ?, version = ?, max_running = ?,
    priority = ?, timeout_us = ?, retry_max = ?, backoff_kind = ?, backoff_first_us = ?,
    backoff_max_us = ?, retry_jitter = ?, max_rescues = ?, tags = ?
WHERE id = ?;
