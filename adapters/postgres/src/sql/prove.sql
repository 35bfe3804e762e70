-- Fails if somebody else has run a job with an id from $1 to $2. Jobs in that range were added in
-- this transaction, when nobody had; but that statement had begun before somebody else may have
-- added the same ones, run them and settled them, and this one sees it. It travels with COMMIT,
-- which has no condition, so that it has to be an error that keeps that from happening: division by
-- zero. What this transaction has recorded itself does not count.
SELECT 1 / (NOT EXISTS (
    SELECT FROM schema.mainspring_runs AS run
    WHERE run.job >= $1 AND run.job <= $2 AND run.xmin <> pg_current_xact_id()::xid
))::integer AS proof
