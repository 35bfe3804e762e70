DELETE FROM mainspring_schedules WHERE id IN (?, ...);
