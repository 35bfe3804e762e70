-- The records of jobs whose end concerns nobody else, noted at ?3: the row `leased`, `settle` of the
-- transition table. ?1 is a JSON list of rows; where a row has two numbers for a column, they say
-- where it starts in ?2 and how many bytes it has.
INSERT INTO mainspring_runs (
    job, token, attempt, task, schedule, origin, fire_at_us, node, settled, outcome,
    started_at_us, finished_at_us, output_format, output_version, output_bytes, error, noted_at_us
)
SELECT
    job.id, job.token, job.failures + job.rescues + 1, job.task, job.schedule, job.origin,
    job.fire_at_us, job.node, 1, done.value ->> 3, done.value ->> 4, done.value ->> 5,
    done.value ->> 6, done.value ->> 7, substr(?2, done.value ->> 8, done.value ->> 9),
    CAST(substr(?2, done.value ->> 10, done.value ->> 11) AS TEXT), ?3
FROM json_each(?1) AS done
    CROSS JOIN mainspring_jobs AS job ON job.id = substr(?2, done.value ->> 0, 16)
WHERE job.state = 1 AND job.token = done.value ->> 2
    AND job.watched = 0 AND job.unique_key IS NULL
RETURNING job;
