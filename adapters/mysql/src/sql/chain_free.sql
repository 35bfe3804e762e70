-- The row `held`, `free` of the transition table.
UPDATE mainspring_jobs SET state = 0 WHERE id IN (?, ...) AND state = 2;
