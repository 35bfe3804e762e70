UPDATE mainspring_meta SET value = value + 1 WHERE name = 'config_revision';
