-- Adds nothing if the job exists, or existed and is over. It is watched, whatever ?21 says, if
-- another one of its schedule is held: that one must not miss its end.
INSERT INTO mainspring_jobs (
    id, task, schedule, origin, fire_at_us, payload_format, payload_version, payload_bytes,
    priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter,
    max_rescues, tags, unique_key, hold_kind, hold_us, watched, start_by_us, created_at_us,
    ready_at_us, state, failures, rescues, token, cancel
)
SELECT
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21 OR EXISTS (SELECT 1 FROM mainspring_jobs WHERE schedule = ?3 AND state = 2),
    ?22, ?23, ?24, ?25, 0, 0, 0, 0
WHERE NOT EXISTS (SELECT 1 FROM mainspring_runs WHERE job = ?1 AND settled = 1)
ON CONFLICT (id) DO NOTHING;
