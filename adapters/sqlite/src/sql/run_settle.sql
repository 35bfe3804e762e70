-- The records of jobs whose end concerns nobody else, noted at the first value: the row `leased`,
-- `settle` of the transition table. Then a list of values for each: its id, its token, and how it
-- ended.
INSERT INTO mainspring_runs (
    job, token, attempt, task, schedule, origin, fire_at_us, node, settled, outcome,
    started_at_us, finished_at_us, output_format, output_version, output_bytes, error, noted_at_us
)
SELECT
    job.id, job.token, job.failures + job.rescues + 1, job.task, job.schedule, job.origin,
    job.fire_at_us, job.node, 1, done.column3, done.column4, done.column5,
    done.column6, done.column7, done.column8, done.column9, ?
FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?), ...) AS done
    CROSS JOIN mainspring_jobs AS job ON job.id = done.column1
WHERE job.state = 1 AND job.token = done.column2
    AND job.watched = 0 AND job.unique_key IS NULL;
