-- Which of these schedules have a job in turn that waits or is leased.
SELECT wanted.id
FROM unnest($1::text[]) AS wanted (id)
WHERE EXISTS (
    SELECT FROM schema.mainspring_jobs AS job
    WHERE job.schedule = wanted.id AND job.origin IN (0, 2) AND job.state <> 2
)
