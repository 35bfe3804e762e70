-- Which migrations this file has seen. `min_program` is the oldest schema version whose programs
-- can still use the file after the migration.
CREATE TABLE IF NOT EXISTS mainspring_migrations (
    version       INTEGER NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL,
    applied_at_us INTEGER NOT NULL,
    min_program   INTEGER NOT NULL
) STRICT;
