-- A step that ran twice is noted once.
INSERT INTO mainspring_migrations (version, name, applied_at_us, min_program)
VALUES (
    :version, ':name', TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)), :min_program
)
ON DUPLICATE KEY UPDATE version = version;
