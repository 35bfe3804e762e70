-- Nodes that plan or work, as they say themselves. A node writes its row anew now and then; nothing
-- rests on it. One that ends removes its row.
--   role             0 both, 1 planner, 2 worker
--   tags             what it offers, as the tags of jobs are written
--   tasks            the tasks that it knows, a JSON list of their names
--   program          what it runs, and its version
--   started_at_us    by the store's clock, as the next
--   beat_at_us       when it last wrote its row
--   clock_offset_us  how far its wall clock is ahead of the store's
CREATE TABLE mainspring_nodes (
    id              TEXT NOT NULL PRIMARY KEY,
    role            INTEGER NOT NULL,
    tags            TEXT NOT NULL,
    tasks           TEXT NOT NULL,
    program         TEXT NOT NULL,
    started_at_us   INTEGER NOT NULL,
    clock_offset_us INTEGER NOT NULL,
    beat_at_us      INTEGER NOT NULL
) STRICT;

-- Forget: those that were not heard of for long.
CREATE INDEX mainspring_nodes_beat ON mainspring_nodes (beat_at_us);
