-- Prolongs leases of these tokens. A lease that has lapsed but was not taken away yet goes on; none
-- becomes shorter. `state = 1` would offer the indexes of all leased jobs, which look small while
-- nothing is leased.
UPDATE schema.mainspring_jobs AS old SET
    lease_until_us = greatest(old.lease_until_us, new.until_us)
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS new (id, token, until_us)
WHERE old.id = new.id AND old.state + 0 = 1 AND old.token = new.token
RETURNING old.id, old.cancel
