-- Removes those of the jobs $1 that are over. They were added a moment ago, in this transaction,
-- because that statement had begun before somebody else added the same ones, ran them and settled
-- them; this one sees it. As there, one look at the range between the smallest ($2) and the largest
-- ($3) is enough as a rule.
DELETE FROM schema.mainspring_jobs AS job
WHERE job.id = ANY (ARRAY(
    SELECT added.id FROM unnest($1::uuid[]) AS added (id)
    WHERE (SELECT EXISTS (
            SELECT FROM schema.mainspring_runs AS run WHERE run.job >= $2 AND run.job <= $3
        )) AND EXISTS (
            SELECT FROM schema.mainspring_runs AS run
            WHERE run.job = added.id AND run.settled
                AND run.seq >= (SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor')
        )
))
RETURNING job.id
