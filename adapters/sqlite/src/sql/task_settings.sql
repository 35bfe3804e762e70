SELECT priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, max_rescues
FROM mainspring_tasks
WHERE id = ?1;
