DELETE FROM mainspring_skips WHERE noted_at_us < ? ORDER BY noted_at_us, seq LIMIT ?;
