-- Which of these jobs are over.
SELECT job FROM mainspring_runs WHERE job IN (?, ...) AND settled = 1;
