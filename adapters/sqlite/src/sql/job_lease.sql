-- Jobs that were claimed: ?1 is a JSON list of their numbers and new tokens. The row `waiting`,
-- `claim` of the transition table.
UPDATE mainspring_jobs SET
    token = taken.value ->> 1, state = 1, node = ?2, lease_until_us = ?3, cancel = 0
FROM json_each(?1) AS taken
WHERE seq = taken.value ->> 0;
