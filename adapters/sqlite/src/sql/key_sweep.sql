-- Keys that nobody holds any more: each new key makes room for itself and for one more, so the table
-- never outgrows what is held.
DELETE FROM mainspring_keys WHERE (task, key) IN (
    SELECT task, key FROM mainspring_keys
    WHERE over_until_us IS NOT NULL AND over_until_us <= ?1
    ORDER BY over_until_us LIMIT ?2
);
