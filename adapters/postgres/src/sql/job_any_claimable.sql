-- Whether a claim would find anything, apart from limits: a job of the tasks $1 that is ready at $2
-- and whose tags $3 covers.
WITH RECURSIVE lane (task, lane, tags) AS (
    SELECT offered.task, first.lane, first.tags
    FROM unnest($1::text[]) AS offered (task) CROSS JOIN LATERAL (
        SELECT job.lane, job.tags FROM schema.mainspring_jobs AS job
        WHERE job.state = 0 AND job.task = offered.task
        ORDER BY job.lane LIMIT 1
    ) AS first
    UNION ALL
    SELECT lane.task, next.lane, next.tags
    FROM lane CROSS JOIN LATERAL (
        SELECT job.lane, job.tags FROM schema.mainspring_jobs AS job
        WHERE job.state = 0 AND job.task = lane.task AND job.lane > lane.lane
        ORDER BY job.lane LIMIT 1
    ) AS next
)
SELECT EXISTS (
    SELECT FROM lane CROSS JOIN generate_series(0, 9) AS level (priority)
    WHERE (lane.tags = '' OR string_to_array(lane.tags, ',') <@ $3::text[]
            OR lane.tags ~ '(^|,)\s*(,|$)|(^|,)\s|\s(,|$)|[[:cntrl:]]')
        AND EXISTS (
            SELECT FROM schema.mainspring_jobs AS job
            WHERE job.state = 0 AND job.task = lane.task AND job.lane = lane.lane
                AND job.priority = level.priority::smallint AND job.ready_at_us <= $2
        )
) AS found
