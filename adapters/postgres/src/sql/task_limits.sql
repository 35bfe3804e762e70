-- Locks those of the tasks $1 that have a limit: nobody else leases one of their jobs until this
-- transaction is over, so counting is safe.
SELECT id FROM schema.mainspring_tasks
WHERE id = ANY($1) AND max_running IS NOT NULL
ORDER BY id
FOR NO KEY UPDATE
