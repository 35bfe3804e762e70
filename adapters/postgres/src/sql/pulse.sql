-- What every reply says about the store at $1.
SELECT
    (SELECT due_at_us FROM schema.mainspring_schedules
     WHERE due_at_us IS NOT NULL ORDER BY due_at_us LIMIT 1) AS pulse_due_us,
    (SELECT ready_at_us FROM schema.mainspring_jobs
     WHERE state = 0 AND delayed AND ready_at_us > $1
     ORDER BY ready_at_us LIMIT 1) AS pulse_ready_us,
    (SELECT lease_until_us FROM schema.mainspring_jobs
     WHERE state = 1 ORDER BY lease_until_us LIMIT 1) AS pulse_lapse_us,
    (SELECT start_by_us FROM schema.mainspring_jobs
     WHERE state <> 1 AND start_by_us IS NOT NULL AND failures = 0 AND rescues = 0
     ORDER BY start_by_us LIMIT 1) AS pulse_start_by_us,
    (SELECT value FROM schema.mainspring_meta WHERE key = 'config_revision') AS config_revision
