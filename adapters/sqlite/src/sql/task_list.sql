-- At most ?2 tasks behind the name ?1, after ?3 of them.
SELECT * FROM mainspring_tasks WHERE id > ?1 ORDER BY id LIMIT ?2 OFFSET ?3;
