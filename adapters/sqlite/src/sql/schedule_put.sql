-- A put over an existing row clears the claim and the quarantine.
INSERT INTO mainspring_schedules (
    id, task, source,
    trigger_format, trigger_version, trigger_bytes,
    payload_format, payload_version, payload_bytes,
    coalesce, misfire_grace_us, catch_up,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, max_rescues,
    paused, revision, next_at_us, last_fire_at_us, created_at_us, updated_at_us
)
VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
    ?20, ?21, ?22, ?23, ?24, ?24
)
ON CONFLICT (id) DO UPDATE SET
    task = excluded.task,
    source = excluded.source,
    trigger_format = excluded.trigger_format,
    trigger_version = excluded.trigger_version,
    trigger_bytes = excluded.trigger_bytes,
    payload_format = excluded.payload_format,
    payload_version = excluded.payload_version,
    payload_bytes = excluded.payload_bytes,
    coalesce = excluded.coalesce,
    misfire_grace_us = excluded.misfire_grace_us,
    catch_up = excluded.catch_up,
    priority = excluded.priority,
    timeout_us = excluded.timeout_us,
    retry_max = excluded.retry_max,
    backoff_kind = excluded.backoff_kind,
    backoff_first_us = excluded.backoff_first_us,
    backoff_max_us = excluded.backoff_max_us,
    max_rescues = excluded.max_rescues,
    paused = excluded.paused,
    revision = excluded.revision,
    next_at_us = excluded.next_at_us,
    last_fire_at_us = excluded.last_fire_at_us,
    quarantine = NULL,
    claimed_by = NULL,
    claimed_until_us = NULL,
    updated_at_us = excluded.updated_at_us;
