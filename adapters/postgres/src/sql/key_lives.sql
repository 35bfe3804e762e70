-- Which of the jobs $1 have a row. Asked after the locks on their keys: a statement that waits for
-- a lock sees the locked row as it is then, but everything else as it was before.
SELECT id FROM schema.mainspring_jobs WHERE id = ANY($1)
