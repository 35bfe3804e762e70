-- Never shortens a lease.
UPDATE mainspring_jobs SET lease_until_us = GREATEST(lease_until_us, ?) WHERE id IN (?, ...);
