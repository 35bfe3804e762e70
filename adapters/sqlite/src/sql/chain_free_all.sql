-- Frees every job of a schedule that is held: the row `held`, `free` of the transition table.
UPDATE mainspring_jobs SET state = 0 WHERE schedule = ?1 AND state = 2;
