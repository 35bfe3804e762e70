-- Empties the table {table} and fills it again with the rows that live. Dead rows go with it, also
-- those that vacuum has to keep because somebody's old snapshot may still ask for them.
--
-- Nobody else is at work on the table meanwhile: who has touched it keeps this out, and who comes
-- waits, and looks after the lock is there. It does not take long, or is not done: the lock is
-- waited for shortly, and the rows that live are few (10,000) and light (32 MB).
--
-- The columns are the table's own and not this program's: a later one may know more of them.
BEGIN;
SET LOCAL lock_timeout = '100ms';
SET LOCAL statement_timeout = '1s';
SET LOCAL enable_seqscan = on;
DO $compact$
DECLARE
    kept schema.mainspring_{table}[];
    number bigint;
    weight bigint;
    columns text;
BEGIN
    LOCK TABLE schema.mainspring_{table} IN ACCESS EXCLUSIVE MODE;
    SELECT array_agg(whole) FILTER (WHERE total <= 33554432), count(*), max(total)
    INTO kept, number, weight
    FROM (
        SELECT old AS whole,
            sum({weight}) OVER (ROWS UNBOUNDED PRECEDING) AS total
        FROM schema.mainspring_{table} AS old
        LIMIT 10001
    ) AS each;
    IF number > 10000 OR weight > 33554432 THEN
        RAISE EXCEPTION 'too much lives in the table';
    END IF;
    TRUNCATE TABLE schema.mainspring_{table};
    IF number > 0 THEN
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
        FROM pg_attribute
        WHERE attrelid = 'schema.mainspring_{table}'::regclass AND attnum > 0
            AND NOT attisdropped AND attgenerated = '';
        EXECUTE format(
            'INSERT INTO schema.mainspring_{table} (%s) OVERRIDING SYSTEM VALUE
             SELECT %s FROM unnest($1)', columns, columns
        ) USING kept;
    END IF;
    -- A backup takes its snapshot first and locks tables a moment later. To one that is between the
    -- two, the table would be empty.
    IF EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'pg\_dump%'
    ) THEN
        RAISE EXCEPTION 'a backup is being made';
    END IF;
END
$compact$;
COMMIT
