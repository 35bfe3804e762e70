DELETE FROM schema.mainspring_nodes WHERE beat_at_us < $1
