-- Ready jobs of the lanes ?1 (a JSON list of task, place, room and tags) at ?2, at most ?3 of them,
-- as a JSON list of their numbers.
-- Each task's most urgent come first; between tasks the turn goes round. A task's room is applied
-- before the limit, so that a task without room hides nobody. Each lane and priority is one seek in
-- an index: how many jobs wait makes no difference.
WITH lane (task, place, room, tags) AS MATERIALIZED (
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)
),
ranked AS (
    SELECT job.seq AS seq, lane.place AS place, lane.room AS room,
        row_number() OVER (
            PARTITION BY lane.task ORDER BY job.priority, job.ready_at_us, job.id
        ) AS turn
    FROM lane CROSS JOIN mainspring_jobs AS job ON job.seq IN (
        SELECT waiting.seq FROM mainspring_jobs AS waiting
        WHERE waiting.state = 0 AND waiting.task = lane.task AND waiting.tags = lane.tags
            AND waiting.priority IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9) AND waiting.ready_at_us <= ?2
            AND (
                waiting.start_by_us IS NULL OR waiting.start_by_us >= ?2
                OR waiting.failures > 0 OR waiting.rescues > 0
            )
        ORDER BY waiting.priority, waiting.ready_at_us, waiting.id
        LIMIT ?3
    )
)
SELECT json_group_array(seq) AS ready
FROM (SELECT seq FROM ranked WHERE turn <= room ORDER BY turn, place LIMIT ?3);
