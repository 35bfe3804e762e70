UPDATE mainspring_schedules FORCE INDEX (PRIMARY) SET
    claimed_by = ?, claimed_until_us = ?
WHERE id IN (?, ...);
