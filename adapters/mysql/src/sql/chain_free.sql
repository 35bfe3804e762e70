-- The row `held`, `free` of the transition table.
UPDATE mainspring_jobs FORCE INDEX (PRIMARY) SET state = 0 WHERE id IN (?, ...) AND state = 2;
