-- Unless another job has the key by now.
DELETE held FROM mainspring_keys AS held FORCE INDEX (PRIMARY)
WHERE (task = ? AND unique_key = ? AND job = ?) OR ...;
