SELECT task, unique_key, job, over_until_us
FROM mainspring_keys FORCE INDEX (PRIMARY)
WHERE (task = ? AND unique_key = ?) OR ...
ORDER BY task, unique_key
FOR UPDATE;
