-- Frees the job of a schedule that has been held for the longest, unless another one is free: the
-- row `held`, `free` of the transition table.
UPDATE mainspring_jobs SET state = 0
WHERE seq = (SELECT min(seq) FROM mainspring_jobs WHERE schedule = ?1 AND state = 2)
    AND NOT EXISTS (SELECT 1 FROM mainspring_jobs WHERE schedule = ?1 AND state IN (0, 1));
