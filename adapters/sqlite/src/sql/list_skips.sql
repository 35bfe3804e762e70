SELECT * FROM mainspring_skips WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2 OFFSET ?3;
