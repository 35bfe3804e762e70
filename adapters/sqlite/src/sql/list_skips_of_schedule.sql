SELECT * FROM mainspring_skips
WHERE schedule = ?4 AND seq < ?1
ORDER BY seq DESC LIMIT ?2 OFFSET ?3;
