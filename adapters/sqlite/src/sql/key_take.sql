INSERT INTO mainspring_keys (task, key, job) VALUES (?1, ?2, ?3);
