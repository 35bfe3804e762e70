-- Which of these jobs are there, or were there and are over.
SELECT id FROM mainspring_jobs WHERE id IN (?, ...)
UNION ALL
SELECT job FROM mainspring_runs WHERE job IN (?, ...) AND settled = 1;
