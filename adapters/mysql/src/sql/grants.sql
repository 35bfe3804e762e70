GRANT SELECT, UPDATE ON app.mainspring_meta TO app;
GRANT SELECT, INSERT, UPDATE ON app.mainspring_tasks TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.mainspring_schedules TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.mainspring_jobs TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.mainspring_keys TO app;
GRANT SELECT, INSERT, DELETE ON app.mainspring_runs TO app;
GRANT SELECT, INSERT, DELETE ON app.mainspring_skips TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.mainspring_nodes TO app;
GRANT SELECT ON app.mainspring_migrations TO app;
