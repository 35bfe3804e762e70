-- Ready jobs of one lane that nobody has locked.
SELECT job.*, :source AS source
FROM mainspring_jobs AS job FORCE INDEX (mainspring_jobs_claim)
WHERE state = 0 AND task = :task AND lane = :lane AND priority = :priority
    AND ready_at_us <= :now AND (expire_at_us IS NULL OR expire_at_us >= :now)
ORDER BY ready_at_us, id
LIMIT :max
FOR UPDATE SKIP LOCKED;
