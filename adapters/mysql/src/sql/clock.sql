-- UTC whatever the session's time zone is, and without the end of UNIX_TIMESTAMP in 2038.
SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS now_us;
