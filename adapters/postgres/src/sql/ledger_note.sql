INSERT INTO schema.mainspring_migrations (version, name, min_program) VALUES ($1, $2, $3)
