SELECT IFNULL(MAX(version), 0) AS version, IFNULL(MAX(min_program), 0) AS min_program
FROM mainspring_migrations;
