-- Which of the jobs ?1 (a JSON list of their numbers) are like the job ?2, but for what is said of
-- each: its place in the list, when it is ready, when it was made, its id and its payload, unless
-- that is large. To hand over every column of every row would be more than half of a claim.
SELECT group_concat(
        wanted.key || ',' || job.ready_at_us || ',' || job.created_at_us || ',' || hex(job.id)
            || ',' || hex(job.payload_bytes),
        ';'
    ) AS alike
FROM mainspring_jobs AS first
    CROSS JOIN json_each(?1) AS wanted
    CROSS JOIN mainspring_jobs AS job ON job.seq = wanted.value
WHERE first.seq = ?2 AND length(job.payload_bytes) <= 4096
    AND first.unique_key IS NULL AND job.unique_key IS NULL
    AND (
        job.task, job.schedule, job.origin, job.fire_at_us, job.payload_format,
        job.payload_version, job.priority, job.timeout_us, job.retry_max, job.backoff_kind,
        job.backoff_first_us, job.backoff_max_us, job.retry_jitter, job.max_rescues, job.tags,
        job.watched, job.start_by_us, job.failures, job.rescues, job.token, job.state
    ) IS (
        first.task, first.schedule, first.origin, first.fire_at_us, first.payload_format,
        first.payload_version, first.priority, first.timeout_us, first.retry_max, first.backoff_kind,
        first.backoff_first_us, first.backoff_max_us, first.retry_jitter, first.max_rescues,
        first.tags, first.watched, first.start_by_us, first.failures, first.rescues, first.token,
        first.state
    );
