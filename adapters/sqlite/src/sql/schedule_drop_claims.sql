-- Finds nothing to do in an idle store: claims live on schedules that are due soon.
UPDATE mainspring_schedules SET claimed_by = NULL, claimed_until_us = NULL WHERE claimed_by = ?1;
