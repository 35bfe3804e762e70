-- How many jobs of a schedule are not over, free ones and held ones, once the job ?2 is.
SELECT ifnull(sum(state <> 2), 0) AS free, ifnull(sum(state = 2), 0) AS held
FROM mainspring_jobs
WHERE schedule = ?1 AND seq IS NOT (SELECT seq FROM mainspring_jobs WHERE id = ?2);
