-- Jobs that were claimed: ?1 is a JSON list of their numbers. The row `waiting`, `claim` of the
-- transition table; a token has 32 bits.
UPDATE mainspring_jobs SET
    token = (token + 1) & 4294967295, state = 1, node = ?2, lease_until_us = ?3, cancel = 0
WHERE seq IN (SELECT value FROM json_each(?1));
