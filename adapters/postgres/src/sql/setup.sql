-- What every connection of the store starts with. Statements are written for their indexes, and
-- statistics of a queue are always old: a plan that was made while a table was empty must not read
-- all of it when it is full. Nobody waits for a lock, or holds one without going on, for longer
-- than a caller has patience.
SET jit = off;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_sort = off;
SET plan_cache_mode = force_generic_plan;
SET lock_timeout = '5s';
SET idle_in_transaction_session_timeout = '10s';
SET default_transaction_isolation = 'read committed';
SET synchronous_commit = on;
