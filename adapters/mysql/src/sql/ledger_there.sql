SELECT COUNT(*) AS there
FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_name = 'mainspring_migrations';
