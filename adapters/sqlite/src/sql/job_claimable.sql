-- Ready jobs of the tasks ?1 (a JSON list) at ?2, at most ?3 of them. Each task's most urgent come
-- first; between tasks the turn goes round, and ?4 says how far it has gone. A task's room is what
-- max_running leaves over after counting its leases, lapsed or not, and it is applied before the
-- limit, so that a task without room hides nobody. Each pair of task and priority is one seek in an
-- index: how many jobs wait makes no difference.
WITH offered (task, place, room) AS MATERIALIZED (
    SELECT known.value,
        (known.place + json_array_length(?1) - ?4 % json_array_length(?1))
            % json_array_length(?1),
        CASE WHEN task.max_running IS NULL THEN ?3
             ELSE task.max_running - (
                 SELECT count(*) FROM mainspring_jobs AS running
                 WHERE running.task = known.value AND running.state = 1
             ) END
    FROM (SELECT value, min(key) AS place FROM json_each(?1) GROUP BY value) AS known
    LEFT JOIN mainspring_tasks AS task ON task.id = known.value
),
level (priority) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)),
ranked AS (
    SELECT job.rowid AS row_id, offered.place AS place, offered.room AS room,
        row_number() OVER (
            PARTITION BY offered.task ORDER BY job.priority, job.ready_at_us, job.id
        ) AS turn
    FROM offered CROSS JOIN level CROSS JOIN mainspring_jobs AS job ON job.rowid IN (
        SELECT waiting.rowid FROM mainspring_jobs AS waiting
        WHERE waiting.state = 0 AND waiting.task = offered.task
            AND waiting.priority = level.priority AND waiting.ready_at_us <= ?2
            AND (
                waiting.start_by_us IS NULL OR waiting.start_by_us >= ?2
                OR waiting.failures > 0 OR waiting.rescues > 0
            )
        ORDER BY waiting.ready_at_us, waiting.id
        LIMIT ?3
    )
    WHERE offered.room > 0
)
SELECT job.rowid AS row_id, job.*
FROM ranked JOIN mainspring_jobs AS job ON job.rowid = ranked.row_id
WHERE ranked.turn <= ranked.room
ORDER BY ranked.turn, ranked.place
LIMIT ?3;
