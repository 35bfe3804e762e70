-- Jobs that were leased and then turned out to be unreadable are as they were.
UPDATE schema.mainspring_jobs SET
    state = 0, token = (token - 1) & 4294967295, node = NULL, lease_until_us = NULL
WHERE id = ANY($1)
