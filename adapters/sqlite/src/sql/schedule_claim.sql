UPDATE mainspring_schedules SET claimed_by = ?2, claimed_until_us = ?3 WHERE rowid = ?1;
