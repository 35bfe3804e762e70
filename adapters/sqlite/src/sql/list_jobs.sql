SELECT * FROM mainspring_jobs
WHERE id > ifnull(?1, x'')
    AND (?2 IS NULL OR task = ?2)
    AND (?3 IS NULL OR node = ?3)
ORDER BY id LIMIT ?4 OFFSET ?5;
