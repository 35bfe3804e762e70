-- Jobs whose lease has ended at an instant, and those whose start deadline has passed before a
-- first attempt. The deadline itself is still in time.
(SELECT wake_at_us AS since_us, id
 FROM mainspring_jobs
 WHERE state = 1 AND wake_at_us <= ?
 ORDER BY wake_at_us, id LIMIT ?)
UNION ALL
(SELECT expire_at_us + 1 AS since_us, id
 FROM mainspring_jobs
 WHERE expire_at_us < ?
 ORDER BY expire_at_us, id LIMIT ?)
ORDER BY since_us, id LIMIT ?;
