-- The row `held`, `free` of the transition table, for the jobs whose ids are in ?2 where ?1 (a JSON
-- list) says.
UPDATE mainspring_jobs SET state = 0
WHERE id IN (SELECT substr(?2, value, 16) FROM json_each(?1)) AND state = 2;
