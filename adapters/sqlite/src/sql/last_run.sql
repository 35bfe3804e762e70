SELECT * FROM mainspring_runs WHERE schedule = ?1 ORDER BY seq DESC LIMIT 1;
