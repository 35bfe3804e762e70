GRANT USAGE ON SCHEMA jobs TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs.mainspring_tasks, jobs.mainspring_schedules,
    jobs.mainspring_jobs, jobs.mainspring_keys, jobs.mainspring_skips, jobs.mainspring_nodes TO app;
GRANT SELECT, UPDATE ON jobs.mainspring_meta TO app;
GRANT SELECT, INSERT ON jobs.mainspring_runs TO app;
GRANT SELECT, INSERT, TRUNCATE ON jobs.mainspring_runs_0, jobs.mainspring_runs_1,
    jobs.mainspring_runs_2, jobs.mainspring_runs_3 TO app;
GRANT TRUNCATE ON jobs.mainspring_schedules, jobs.mainspring_jobs, jobs.mainspring_keys TO app;
GRANT SELECT ON jobs.mainspring_migrations TO app;
GRANT USAGE ON SEQUENCE jobs.mainspring_chain, jobs.mainspring_runs_seq TO app;
