SELECT ifnull(max(version), 0) AS version, ifnull(max(min_program), 0) AS min_program
FROM mainspring_migrations;
