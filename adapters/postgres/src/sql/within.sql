-- The instant by which a verb is judged, and what a transaction of somebody else sees.
SELECT
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us,
    current_setting('transaction_isolation') AS isolation
