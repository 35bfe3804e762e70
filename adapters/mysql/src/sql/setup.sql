-- What each connection begins with, so that nothing depends on the server's own settings. READ
-- COMMITTED: each statement sees what was committed before it, and no gaps are locked, in which
-- others want to insert. A node that stands still inside a transaction would keep its rows for
-- eight hours: MariaDB can end sessions that lie idle in one, MySQL only those that lie idle, which
-- costs a new connection after each pause. Each server skips the other one's line.
SET NAMES utf8mb4 COLLATE utf8mb4_bin;
SET SESSION
    sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION',
    time_zone = '+00:00',
    autocommit = 1,
    /*M! idle_transaction_timeout = 10, */
    /*!80000 wait_timeout = 10, */
    sql_safe_updates = 0,
    sql_select_limit = DEFAULT,
    lock_wait_timeout = 5,
    innodb_lock_wait_timeout = 5;
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT VERSION() AS version, CAST(@@max_allowed_packet AS SIGNED) AS max_packet;
