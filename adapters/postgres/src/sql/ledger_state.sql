SELECT coalesce(max(version), 0) AS version, coalesce(max(min_program), 0) AS min_program
FROM schema.mainspring_migrations
