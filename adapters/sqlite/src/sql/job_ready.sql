-- Ready jobs of the task ?1 with the tags ?2 at ?3, at most ?4 of them, the most urgent first, as a
-- JSON list of their numbers: one walk along an index, because SQLite goes through a list of
-- constants in its order.
SELECT json_group_array(seq) AS ready
FROM (
    SELECT seq
    FROM mainspring_jobs
    WHERE state = 0 AND task = ?1 AND tags = ?2 AND priority IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
        AND ready_at_us <= ?3
        AND (start_by_us IS NULL OR start_by_us >= ?3 OR failures > 0 OR rescues > 0)
    ORDER BY priority, ready_at_us, id
    LIMIT ?4
);
