-- Forgets the oldest $2 runs, up to the first one that was not noted before $1.
WITH head AS MATERIALIZED (
    SELECT seq, noted_at_us FROM schema.mainspring_runs
    WHERE seq >= (SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor')
    ORDER BY seq LIMIT $2
),
gone AS MATERIALIZED (
    SELECT count(*) AS count, max(seq) AS seq FROM head
    WHERE seq < coalesce((SELECT min(seq) FROM head WHERE noted_at_us >= $1), 9223372036854775807)
)
UPDATE schema.mainspring_meta SET value = gone.seq + 1
FROM gone
WHERE key = 'runs_floor' AND gone.count > 0
RETURNING gone.count
