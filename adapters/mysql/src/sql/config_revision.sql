SELECT value AS config_revision FROM mainspring_meta WHERE name = 'config_revision';
