SELECT * FROM mainspring_runs WHERE TRUE:conditions ORDER BY seq DESC LIMIT :limit OFFSET :offset;
