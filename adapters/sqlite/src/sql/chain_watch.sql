-- The schedule is to hear of the end of the jobs whose ids are in ?2 where ?1 (a JSON list) says.
UPDATE mainspring_jobs SET watched = 1
WHERE id IN (SELECT substr(?2, value, 16) FROM json_each(?1));
