DELETE FROM mainspring_runs WHERE seq IN (
    SELECT seq FROM mainspring_runs
    WHERE noted_at_us < ?1
    ORDER BY noted_at_us, seq LIMIT ?2
);
