INSERT INTO mainspring_keys (task, unique_key, job) VALUES (?, ?, ?), ...;
