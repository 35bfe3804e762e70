-- Jobs that are over hold their keys for a while.
UPDATE mainspring_keys FORCE INDEX (PRIMARY) SET over_until_us = ?
WHERE (task = ? AND unique_key = ? AND job = ?) OR ...;
