-- WAL lets readers go on while somebody writes. FULL syncs the log at each commit: a fire that
-- became a job, or a job that was settled, must not be undone by a power loss, or it would happen
-- twice.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
