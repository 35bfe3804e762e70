-- A job in one of some stretches of the index where no lane is known.
SELECT :source AS source, lane, priority, tags, 3 AS part
FROM mainspring_jobs FORCE INDEX (mainspring_jobs_claim)
WHERE state = 0 AND task = :task AND (:stretches)
ORDER BY lane, priority
LIMIT 1;
