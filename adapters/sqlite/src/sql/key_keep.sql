-- The job ?3 is over and holds its key until ?4.
UPDATE mainspring_keys SET over_until_us = ?4 WHERE task = ?1 AND key = ?2 AND job = ?3;
