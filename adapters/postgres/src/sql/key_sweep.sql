-- A few keys that nobody holds any more: new keys make room for themselves and for as many more, so
-- the table never outgrows what is held.
DELETE FROM schema.mainspring_keys
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM schema.mainspring_keys
    WHERE over_until_us IS NOT NULL AND over_until_us <= $1
    ORDER BY over_until_us LIMIT $2
    FOR UPDATE SKIP LOCKED
))
