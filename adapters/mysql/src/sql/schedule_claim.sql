UPDATE mainspring_schedules SET claimed_by = ?, claimed_until_us = ? WHERE id IN (?, ...);
