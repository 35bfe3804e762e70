-- A table that is being compacted is empty to snapshots that were taken before. So the lock comes
-- first, and whatever is looked at afterwards has the rows. It keeps out nobody but a compaction.
LOCK TABLE schema.mainspring_jobs, schema.mainspring_keys, schema.mainspring_schedules
    IN ACCESS SHARE MODE
