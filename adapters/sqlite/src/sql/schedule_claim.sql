-- ?1 is a JSON list of the rows' numbers.
UPDATE mainspring_schedules SET claimed_by = ?2, claimed_until_us = ?3
WHERE rowid IN (SELECT value FROM json_each(?1));
