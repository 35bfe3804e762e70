-- Never shortens a lease.
UPDATE mainspring_jobs FORCE INDEX (PRIMARY) SET
    lease_until_us = GREATEST(lease_until_us, ?)
WHERE id IN (?, ...);
