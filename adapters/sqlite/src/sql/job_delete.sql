-- The jobs whose ids are in ?2 where ?1 (a JSON list) says.
DELETE FROM mainspring_jobs WHERE id IN (SELECT substr(?2, value, 16) FROM json_each(?1));
