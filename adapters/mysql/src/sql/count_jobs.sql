-- How many jobs were looked at, and how many of them are meant.
SELECT COUNT(*) AS seen, CAST(IFNULL(SUM(TRUE:checked), 0) AS SIGNED) AS found
FROM (
    SELECT tags, origin, created_at_us FROM mainspring_jobs WHERE TRUE:conditions LIMIT :limit
) AS looked_at;
