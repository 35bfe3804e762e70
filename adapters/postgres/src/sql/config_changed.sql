UPDATE schema.mainspring_meta SET value = value + 1 WHERE key = 'config_revision'
