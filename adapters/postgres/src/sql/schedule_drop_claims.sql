UPDATE schema.mainspring_schedules SET claimed_by = NULL, claimed_until_us = NULL
WHERE claimed_by = $1
