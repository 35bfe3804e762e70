-- The instant by which a verb is judged.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us
