-- The sets of tags that waiting jobs of the tasks ?1 (a JSON list) need, with what a claim of at
-- most ?2 jobs has to know of each task: its place in the turn, of which ?3 says how far it has gone,
-- and its room, which is what max_running leaves over after counting its leases, lapsed or not.
-- Each set is one seek in an index: how many jobs need it makes no difference.
WITH RECURSIVE offered (task, place, room) AS MATERIALIZED (
    SELECT known.value,
        (known.place + json_array_length(?1) - ?3 % json_array_length(?1))
            % json_array_length(?1),
        CASE WHEN task.max_running IS NULL THEN ?2
             ELSE task.max_running - (
                 SELECT count(*) FROM mainspring_jobs AS running
                 WHERE running.task = known.value AND running.state = 1
             ) END
    FROM (SELECT value, min(key) AS place FROM json_each(?1) GROUP BY value) AS known
    LEFT JOIN mainspring_tasks AS task ON task.id = known.value
),
lane (task, place, room, tags) AS (
    SELECT task, place, room, (
        SELECT min(job.tags) FROM mainspring_jobs AS job
        WHERE job.state = 0 AND job.task = offered.task
    )
    FROM offered
    WHERE room > 0
    UNION ALL
    SELECT task, place, room, (
        SELECT min(job.tags) FROM mainspring_jobs AS job
        WHERE job.state = 0 AND job.task = lane.task AND job.tags > lane.tags
    )
    FROM lane
    WHERE tags IS NOT NULL
)
SELECT task, place, room, tags FROM lane WHERE tags IS NOT NULL;
