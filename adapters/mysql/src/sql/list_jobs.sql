SELECT * FROM mainspring_jobs WHERE TRUE:conditions ORDER BY id LIMIT :limit OFFSET :offset;
