DELETE held FROM mainspring_keys AS held FORCE INDEX (PRIMARY)
WHERE (task = ? AND unique_key = ?) OR ...;
