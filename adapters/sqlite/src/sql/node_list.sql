-- At most ?2 nodes behind the name ?1, after ?3 of them.
SELECT * FROM mainspring_nodes WHERE id > ?1 ORDER BY id LIMIT ?2 OFFSET ?3;
