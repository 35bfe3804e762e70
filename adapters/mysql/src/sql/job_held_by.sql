SELECT id FROM mainspring_jobs WHERE state = 1 AND node = ? ORDER BY lease_until_us, id LIMIT ?;
