INSERT INTO mainspring_migrations (version, name, applied_at_us, min_program)
VALUES (?1, ?2, ?3, ?4);
