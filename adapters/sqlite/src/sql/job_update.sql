UPDATE mainspring_jobs SET
    failures = ?2, rescues = ?3, token = ?4, state = ?5, ready_at_us = ifnull(?6, ready_at_us),
    node = ?7, lease_until_us = ?8, cancel = ?9, start_by_us = ?10
WHERE id = ?1;
