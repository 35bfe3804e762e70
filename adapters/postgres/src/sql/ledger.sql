-- Which migrations this schema has seen. `min_program` is the oldest schema version whose programs
-- can still use it after the migration.
CREATE TABLE IF NOT EXISTS schema.mainspring_migrations (
    version       integer NOT NULL PRIMARY KEY,
    name          text NOT NULL,
    applied_at    timestamptz NOT NULL DEFAULT now(),
    min_program   integer NOT NULL
)
