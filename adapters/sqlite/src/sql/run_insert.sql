INSERT INTO mainspring_runs (
    job, token, attempt, task, schedule, origin, fire_at_us, node,
    outcome, settled, started_at_us, finished_at_us, noted_at_us,
    output_format, output_version, output_bytes, error
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17);
