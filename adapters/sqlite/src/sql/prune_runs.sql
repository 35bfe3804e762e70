DELETE FROM mainspring_runs WHERE seq IN (
    SELECT seq FROM mainspring_runs
    WHERE finished_at_us < ?1
    ORDER BY finished_at_us, seq LIMIT ?2
);
