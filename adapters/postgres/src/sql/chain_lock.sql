-- The jobs of schedules that are not over: fires (0) and those run by hand (2). A backfill is not in
-- turn with the others. Their names are sought first: asked for in the order of names, the server
-- would rather go through all jobs in that order than sort a few.
SELECT id, schedule, state, watched, chain_seq FROM schema.mainspring_jobs
WHERE id = ANY (ARRAY(
    SELECT link.id
    FROM unnest($1::text[]) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT job.id FROM schema.mainspring_jobs AS job
        WHERE job.schedule = wanted.id AND job.origin IN (0, 2)
    ) AS link
))
ORDER BY id
FOR UPDATE
