-- One prunes at a time.
SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor' FOR NO KEY UPDATE
