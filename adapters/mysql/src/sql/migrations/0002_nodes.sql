-- Nodes that plan or work, as they say themselves. A node writes its row anew now and then; nothing
-- rests on it. One that ends removes its row.
--   role             0 both, 1 planner, 2 worker
--   tags             what it offers, as the tags of jobs are written
--   tasks            the tasks that it knows, a JSON list of their names
--   program          what it runs, and its version
--   started_at_us    by the store's clock, as the next
--   beat_at_us       when it last wrote its row
--   clock_offset_us  how far its wall clock is ahead of the store's
CREATE TABLE IF NOT EXISTS mainspring_nodes (
    id              VARCHAR(200) NOT NULL PRIMARY KEY,
    role            SMALLINT NOT NULL,
    tags            VARCHAR(3300) NOT NULL,
    tasks           LONGTEXT NOT NULL,
    program         VARCHAR(200) NOT NULL,
    started_at_us   BIGINT NOT NULL,
    clock_offset_us BIGINT NOT NULL,
    beat_at_us      BIGINT NOT NULL,
    -- Forget, without locking the rows of nodes that live.
    KEY mainspring_nodes_beat (beat_at_us)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
