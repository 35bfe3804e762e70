-- Parts of the history: which is written to, since when, and for each of them whether there is
-- anything in it, and whether all of that is forgotten.
SELECT
    (SELECT value FROM schema.mainspring_meta WHERE key = 'runs_slot')::smallint AS slot,
    (SELECT value FROM schema.mainspring_meta WHERE key = 'runs_slot_at_us') AS slot_at_us,
    part.slot::smallint AS part,
    part.newest IS NULL AS empty,
    part.newest < (
        SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor'
    ) AS forgotten
FROM (
    SELECT 0::smallint AS slot,
        (SELECT seq FROM schema.mainspring_runs_0 ORDER BY seq DESC LIMIT 1) AS newest
    UNION ALL
    SELECT 1, (SELECT seq FROM schema.mainspring_runs_1 ORDER BY seq DESC LIMIT 1)
    UNION ALL
    SELECT 2, (SELECT seq FROM schema.mainspring_runs_2 ORDER BY seq DESC LIMIT 1)
    UNION ALL
    SELECT 3, (SELECT seq FROM schema.mainspring_runs_3 ORDER BY seq DESC LIMIT 1)
) AS part
ORDER BY part.slot
