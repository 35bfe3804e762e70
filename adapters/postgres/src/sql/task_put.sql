-- Touches no row if the stored version is newer or everything is equal.
INSERT INTO schema.mainspring_tasks AS old (
    id, version, max_running,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter,
    max_rescues, tags
)
SELECT * FROM unnest(
    $1::text[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::integer[],
    $7::smallint[], $8::bigint[], $9::bigint[], $10::smallint[], $11::integer[], $12::text[]
)
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
WHERE excluded.version >= old.version
    AND (
        old.version, old.max_running, old.priority, old.timeout_us, old.retry_max,
        old.backoff_kind, old.backoff_first_us, old.backoff_max_us, old.retry_jitter,
        old.max_rescues, old.tags
    ) IS DISTINCT FROM (
        excluded.version, excluded.max_running, excluded.priority, excluded.timeout_us,
        excluded.retry_max, excluded.backoff_kind, excluded.backoff_first_us,
        excluded.backoff_max_us, excluded.retry_jitter, excluded.max_rescues, excluded.tags
    )
