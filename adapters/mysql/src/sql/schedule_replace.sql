-- A schedule that is put again has no claim and no quarantine. Its name comes first, as in all lists
-- of its columns, and stays the same.
UPDATE mainspring_schedules SET
    id = ?, task = ?, source = ?, trigger_format = ?, trigger_version = ?, trigger_bytes = ?,
    payload_format = ?, payload_version = ?, payload_bytes = ?, exclude_format = ?,
    exclude_version = ?, exclude_bytes = ?, coalesce = ?, misfire_grace_us = ?, catch_up = ?,
    jitter_us = ?, jitter_spread = ?, slack_us = ?, overlap = ?, fire_limit = ?, after_run_us = ?,
    max_failures = ?, priority = ?, timeout_us = ?, retry_max = ?, backoff_kind = ?,
    backoff_first_us = ?, backoff_max_us = ?, retry_jitter = ?, max_rescues = ?, tags = ?,
    paused = ?, revision = ?, next_kind = ?, next_at_us = ?, last_fire_at_us = ?, fired = ?,
    failures = ?, pause_reason = ?, pause_since_us = ?,
    quarantine = NULL, claimed_by = NULL, claimed_until_us = NULL, updated_at_us = ?
WHERE id = ?;
