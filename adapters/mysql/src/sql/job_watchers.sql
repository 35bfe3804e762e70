SELECT id, schedule FROM mainspring_jobs
WHERE id IN (?, ...) AND watched = 1 AND schedule IS NOT NULL;
