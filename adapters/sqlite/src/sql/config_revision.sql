SELECT value AS config_revision FROM mainspring_meta WHERE key = 'config_revision';
