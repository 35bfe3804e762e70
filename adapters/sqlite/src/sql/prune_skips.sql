DELETE FROM mainspring_skips WHERE seq IN (
    SELECT seq FROM mainspring_skips
    WHERE noted_at_us < ?1
    ORDER BY noted_at_us, seq LIMIT ?2
);
