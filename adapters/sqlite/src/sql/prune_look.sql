SELECT 1 WHERE EXISTS (SELECT 1 FROM mainspring_runs WHERE noted_at_us < ?1)
    OR EXISTS (SELECT 1 FROM mainspring_skips WHERE noted_at_us < ?1);
