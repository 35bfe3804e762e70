SELECT value FROM schema.mainspring_meta WHERE key = 'config_revision'
