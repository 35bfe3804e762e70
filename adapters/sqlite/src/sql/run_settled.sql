SELECT 1 FROM mainspring_runs WHERE job = ?1 AND settled = 1;
