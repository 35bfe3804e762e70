-- Which of these schedules have a job in turn that waits or is leased. A value with a LIMIT, because
-- the server would turn EXISTS into a join that reads all of their jobs.
SELECT schedule.id AS schedule
FROM mainspring_schedules AS schedule
WHERE schedule.id IN (?, ...) AND (
    SELECT job.state FROM mainspring_jobs AS job
    WHERE job.schedule = schedule.id AND job.origin IN (0, 2) AND job.state <> 2
    LIMIT 1
) IS NOT NULL;
