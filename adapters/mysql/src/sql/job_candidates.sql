-- Ready jobs of one lane, in their order; the index has all that is asked.
SELECT :source AS source, ready_at_us, id, 2 AS part
FROM mainspring_jobs FORCE INDEX (mainspring_jobs_claim)
WHERE state = 0 AND task = :task AND lane = :lane AND priority = :priority
    AND ready_at_us <= :now AND (expire_at_us IS NULL OR expire_at_us >= :now)
ORDER BY ready_at_us, id
LIMIT :max;
