-- Nodes that plan or work, as they say themselves. A node writes its row anew now and then; nothing
-- rests on it. One that ends removes its row.
--   role             0 both, 1 planner, 2 worker
--   tags             what it offers, as the tags of jobs are written
--   tasks            the tasks that it knows, a JSON list of their names
--   program          what it runs, and its version
--   started_at_us    by the store's clock, as the next
--   beat_at_us       when it last wrote its row
--   clock_offset_us  how far its wall clock is ahead of the store's
CREATE TABLE schema.mainspring_nodes (
    id              text COLLATE "C" NOT NULL PRIMARY KEY,
    role            smallint NOT NULL,
    tags            text COLLATE "C" NOT NULL,
    tasks           text COLLATE "C" NOT NULL,
    program         text COLLATE "C" NOT NULL,
    started_at_us   bigint NOT NULL,
    clock_offset_us bigint NOT NULL,
    beat_at_us      bigint NOT NULL
) WITH (fillfactor = 50);
-- There is no index on `beat_at_us`, so that a beat changes no index: a cluster has few nodes, and
-- reading all of them is cheap.
