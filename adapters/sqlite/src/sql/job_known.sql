-- Which of the jobs whose ids are in ?2 where ?1 (a JSON list) says exist, or existed and are over.
SELECT wanted.key AS number
FROM json_each(?1) AS wanted
WHERE EXISTS (SELECT 1 FROM mainspring_jobs WHERE id = substr(?2, wanted.value, 16))
    OR EXISTS (
        SELECT 1 FROM mainspring_runs WHERE job = substr(?2, wanted.value, 16) AND settled = 1
    );
