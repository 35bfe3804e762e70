-- Prolongs leases, and never shortens one: the row `leased`, `renew` of the transition table. ?1 is a
-- JSON list of rows: the place of the id in ?2, its length, the token, the new end.
UPDATE mainspring_jobs SET lease_until_us = max(lease_until_us, new.value ->> 3)
FROM json_each(?1) AS new
WHERE mainspring_jobs.id = substr(?2, new.value ->> 0, 16) AND state = 1 AND token = new.value ->> 2
RETURNING id, cancel;
