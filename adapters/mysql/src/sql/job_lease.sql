-- The row `waiting`, `claim` of the transition table.
UPDATE mainspring_jobs FORCE INDEX (PRIMARY) SET
    token = (token + 1) & 4294967295, state = 1, node = ?, lease_until_us = ?, cancel = 0
WHERE id IN (?, ...);
