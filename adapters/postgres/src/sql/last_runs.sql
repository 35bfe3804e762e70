-- The last run of each of these schedules.
SELECT {run}
FROM unnest($1::text[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT * FROM schema.mainspring_runs
    WHERE schedule = wanted.id
        AND seq >= (SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor')
    ORDER BY seq DESC LIMIT 1
) AS run
