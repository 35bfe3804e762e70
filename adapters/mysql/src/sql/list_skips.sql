SELECT * FROM mainspring_skips WHERE TRUE:conditions ORDER BY seq DESC LIMIT :limit OFFSET :offset;
