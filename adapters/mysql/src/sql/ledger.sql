-- Which migrations these tables have seen. `min_program` is the oldest schema version whose programs
-- can still use the tables after the migration.
CREATE TABLE IF NOT EXISTS mainspring_migrations (
    version       BIGINT NOT NULL PRIMARY KEY,
    name          VARCHAR(100) NOT NULL,
    applied_at_us BIGINT NOT NULL,
    min_program   BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
