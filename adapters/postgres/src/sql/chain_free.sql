-- The row `held`, `free` of the transition table.
UPDATE schema.mainspring_jobs SET state = 0, delayed = ready_at_us > $2
WHERE id = ANY($1) AND state = 2
