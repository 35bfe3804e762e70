-- The server's clock, and what a transaction of this session sees. UTC whatever the session's time
-- zone is, and without the end of UNIX_TIMESTAMP in 2038. The two servers have different names for
-- the isolation, and each of them skips the other one's.
SELECT
    TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS now_us,
    /*M! @@SESSION.tx_isolation */ /*!80000 @@SESSION.transaction_isolation */ AS isolation;
