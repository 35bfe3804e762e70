UPDATE mainspring_keys SET job = ?, over_until_us = NULL WHERE task = ? AND unique_key = ?;
