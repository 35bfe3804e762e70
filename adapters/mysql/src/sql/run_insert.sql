INSERT INTO mainspring_runs (
    job, token, attempt, task, schedule, origin, fire_at_us, node, settled,
    outcome, started_at_us, finished_at_us, output_format, output_version, output_bytes, error,
    noted_at_us
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ...;
