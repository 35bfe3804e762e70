-- Unless another job has the key by now.
DELETE FROM mainspring_keys WHERE (task = ? AND unique_key = ? AND job = ?) OR ...;
