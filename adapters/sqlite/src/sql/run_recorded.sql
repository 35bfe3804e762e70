-- Whether the attempt of claim ?2 of job ?1 was recorded with outcome ?3, settling the job or not.
SELECT 1 FROM mainspring_runs WHERE job = ?1 AND token = ?2 AND outcome = ?3 AND settled = ?4;
