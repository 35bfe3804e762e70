-- Whether there is anything to forget.
SELECT coalesce((
        SELECT noted_at_us < $1 FROM schema.mainspring_runs
        WHERE seq >= (SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor')
        ORDER BY seq LIMIT 1
    ), false)
    OR EXISTS (SELECT FROM schema.mainspring_skips WHERE noted_at_us < $1) AS found
