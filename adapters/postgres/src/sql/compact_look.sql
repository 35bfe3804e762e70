-- Which tables are mostly dead rows: many, ten times as many as live ones, in a table that has
-- grown by them. Both counts are the server's estimates, and some seconds late; the size is exact,
-- and small again at once when somebody has just been here.
SELECT each.name
FROM unnest('{jobs,keys,schedules}'::text[]) AS each (name)
CROSS JOIN LATERAL to_regclass('schema.mainspring_' || each.name) AS found (oid)
WHERE pg_stat_get_dead_tuples(found.oid) >= greatest(50000, 10 * pg_stat_get_live_tuples(found.oid))
    AND pg_stat_get_live_tuples(found.oid) <= 10000
    AND pg_relation_size(found.oid) >= 4194304
    AND has_table_privilege(found.oid, 'TRUNCATE')
