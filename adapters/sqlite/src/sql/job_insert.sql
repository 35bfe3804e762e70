-- Adds nothing if the job exists, or existed and is over.
INSERT INTO mainspring_jobs (
    id, task, schedule, origin, fire_at_us, payload_format, payload_version, payload_bytes,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, max_rescues,
    start_by_us, created_at_us, ready_at_us,
    failures, rescues, token, state, cancel
)
SELECT
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
    0, 0, 0, 0, 0
WHERE NOT EXISTS (SELECT 1 FROM mainspring_runs WHERE job = ?1 AND settled = 1)
ON CONFLICT (id) DO NOTHING;
