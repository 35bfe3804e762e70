-- Keys that nobody holds any more; those that somebody else is about to forget are left to them.
SELECT task, unique_key
FROM mainspring_keys
WHERE over_until_us <= ?
ORDER BY over_until_us
LIMIT ?
FOR UPDATE SKIP LOCKED;
