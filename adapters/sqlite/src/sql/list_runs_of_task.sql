SELECT * FROM mainspring_runs
WHERE task = ?6 AND seq < ?1
    AND (?2 IS NULL OR task = ?2)
    AND (?3 IS NULL OR schedule = ?3)
ORDER BY seq DESC LIMIT ?4 OFFSET ?5;
