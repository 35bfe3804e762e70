DELETE FROM mainspring_runs WHERE noted_at_us < ? ORDER BY noted_at_us, seq LIMIT ?;
