-- The instant by which a verb is judged, how often schedules and tasks have changed, and what a
-- transaction of somebody else sees.
SELECT
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us,
    (SELECT value FROM schema.mainspring_meta WHERE key = 'config_revision') AS config_revision,
    current_setting('transaction_isolation') AS isolation
