DELETE FROM mainspring_keys WHERE (task = ? AND unique_key = ?) OR ...;
