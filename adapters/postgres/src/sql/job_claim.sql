-- Leases jobs. $1 the tasks that the node knows, $2 how many jobs at most, $3 how far the turn
-- among the tasks has gone, $4 now (NULL: by the clock of the server), $5 the tags that the node
-- offers, $6 the node, $7 how long the leases last, $8 whether tasks with a limit are locked, $9
-- whether this statement is a transaction of its own, so that the pulse is in the answer.
--
-- Each lane and priority is one seek in an index: how many jobs wait, for whatever, makes no
-- difference. What to take from each is decided before anything is locked; so two nodes do not lock
-- what they will not take, and find the next ones where the first are taken. A task's room is
-- applied before the limit, so that a task without room hides nobody.
--
-- There is always a row, so that one that names no job can say whether more than this statement is
-- needed (`tied`): tasks with a limit are to be locked before, or a job gives up its key as it is
-- leased. `expected` is how many there were to be taken; if others took some of them, there may be
-- more in other lanes. With one lane there are not.
--
-- Lanes of which the node does not cover the tags are left out, except those whose tags are no tags
-- (a name is empty, has outer blanks or is not sorted): their jobs are to be found and settled.
WITH RECURSIVE clock AS MATERIALIZED (
    SELECT coalesce($4, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now_us
),
offered AS MATERIALIZED (
    SELECT
        known.id AS task,
        (known.place + cardinality($1::text[]) - $3::bigint % cardinality($1::text[]))
            % cardinality($1::text[]) AS place,
        task.max_running AS max_running
    FROM (
        SELECT id, min(number) - 1 AS place
        FROM unnest($1::text[]) WITH ORDINALITY AS each (id, number) GROUP BY id
    ) AS known
    LEFT JOIN schema.mainspring_tasks AS task ON task.id = known.id
),
running AS MATERIALIZED (
    -- One way through all leases, if there is any limit.
    SELECT coalesce(array_agg(job.task), '{}') AS tasks FROM schema.mainspring_jobs AS job
    WHERE job.state = 1
        AND job.task = ANY (ARRAY(SELECT task FROM offered WHERE max_running IS NOT NULL))
),
roomy AS MATERIALIZED (
    SELECT task, place,
        CASE WHEN max_running IS NULL THEN $2::bigint
             ELSE least($2::bigint, max_running - (
                 SELECT cardinality(array_positions(tasks, offered.task)) FROM running
             )) END AS room
    FROM offered
    WHERE $8 OR NOT EXISTS (SELECT FROM offered AS other WHERE other.max_running IS NOT NULL)
),
lane (task, place, room, lane, tags) AS (
    SELECT roomy.task, roomy.place, roomy.room, first.lane, first.tags
    FROM roomy CROSS JOIN LATERAL (
        SELECT job.lane, job.tags FROM schema.mainspring_jobs AS job
        WHERE job.state = 0 AND job.task = roomy.task
        ORDER BY job.lane LIMIT 1
    ) AS first
    WHERE roomy.room > 0
    UNION ALL
    SELECT lane.task, lane.place, lane.room, next.lane, next.tags
    FROM lane CROSS JOIN LATERAL (
        SELECT job.lane, job.tags FROM schema.mainspring_jobs AS job
        WHERE job.state = 0 AND job.task = lane.task AND job.lane > lane.lane
        ORDER BY job.lane LIMIT 1
    ) AS next
),
open AS MATERIALIZED (
    SELECT task, place, room, lane, count(*) OVER () AS lanes FROM lane
    WHERE tags = '' OR string_to_array(tags, ',') <@ $5::text[]
        OR tags ~ '(^|,)\s*(,|$)|(^|,)\s|\s(,|$)|[[:cntrl:]]'
),
level (priority) AS MATERIALIZED (SELECT generate_series(0, 9)::smallint),
share AS MATERIALIZED (
    -- With one lane there is nothing to be shared out: the most urgent come first.
    (
        SELECT open.task, open.lane, level.priority, open.room AS count, open.room AS room,
            NULL::bigint AS expected
        FROM open CROSS JOIN level
        WHERE open.lanes = 1
        ORDER BY level.priority
    )
    UNION ALL
    SELECT chosen.task, chosen.lane, chosen.priority, count(*), $2::bigint, count(*)
    FROM (
        SELECT ranked.task, ranked.lane, ranked.priority
        FROM (
            SELECT open.task, open.lane, level.priority, open.place, open.room,
                row_number() OVER (
                    PARTITION BY open.task
                    ORDER BY level.priority, waiting.ready_at_us, waiting.id
                ) AS turn
            FROM open CROSS JOIN level CROSS JOIN LATERAL (
                SELECT job.ready_at_us, job.id FROM schema.mainspring_jobs AS job
                WHERE job.state = 0 AND job.task = open.task AND job.lane = open.lane
                    AND job.priority = level.priority AND job.ready_at_us <= (SELECT now_us FROM clock)
                    AND (
                        job.start_by_us IS NULL OR job.start_by_us >= (SELECT now_us FROM clock)
                        OR job.failures > 0 OR job.rescues > 0
                    )
                ORDER BY job.ready_at_us, job.id
                LIMIT open.room
            ) AS waiting
            WHERE open.lanes > 1
        ) AS ranked
        WHERE ranked.turn <= ranked.room
        ORDER BY ranked.turn, ranked.place
        LIMIT $2
    ) AS chosen
    GROUP BY chosen.task, chosen.lane, chosen.priority
),
taken AS MATERIALIZED (
    SELECT waiting.at, waiting.leaves
    FROM share CROSS JOIN LATERAL (
        SELECT job.ctid AS at, job.hold_kind IS NOT DISTINCT FROM 0 AS leaves
        FROM schema.mainspring_jobs AS job
        WHERE job.state = 0 AND job.task = share.task AND job.lane = share.lane
            AND job.priority = share.priority AND job.ready_at_us <= (SELECT now_us FROM clock)
            AND (
                job.start_by_us IS NULL OR job.start_by_us >= (SELECT now_us FROM clock)
                OR job.failures > 0 OR job.rescues > 0
            )
        ORDER BY job.ready_at_us, job.id
        LIMIT share.count
        FOR UPDATE SKIP LOCKED
    ) AS waiting
    LIMIT (SELECT min(share.room) FROM share)
),
tied AS MATERIALIZED (
    SELECT NOT $8 AND EXISTS (SELECT FROM offered WHERE max_running IS NOT NULL)
        OR $9 AND EXISTS (SELECT FROM taken WHERE leaves) AS tied
),
claimed AS (
    UPDATE schema.mainspring_jobs SET
        state = 1, token = (token + 1) & 4294967295, node = $6,
        lease_until_us = (SELECT now_us FROM clock) + $7, cancel = false
    WHERE ctid = ANY (ARRAY(SELECT taken.at FROM taken WHERE NOT (SELECT tied FROM tied)))
    RETURNING {job}
)
SELECT claimed.*, (SELECT sum(share.expected)::bigint FROM share) AS expected, tied.tied,
    clock.now_us, pulse.*
FROM tied
CROSS JOIN clock
LEFT JOIN ({pulse}) AS pulse ON $9
LEFT JOIN claimed ON true
