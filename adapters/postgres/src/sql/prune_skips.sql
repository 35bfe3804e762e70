DELETE FROM schema.mainspring_skips
WHERE seq = ANY (ARRAY(
    SELECT seq FROM schema.mainspring_skips
    WHERE noted_at_us < $1
    ORDER BY noted_at_us, seq LIMIT $2
))
