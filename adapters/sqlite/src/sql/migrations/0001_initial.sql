-- Everything that Mainspring keeps in SQLite. This text is the definition of the disk format.
--
-- Instants are microseconds since 1970-01-01T00:00:00Z (`_at_us`, `_by_us`, `_until_us`), lengths
-- are microseconds (`_us`). Numbers that stand for words are the codes of mainspring-core. A code
-- has no CHECK unless the transition table rests on it: a later program may know more of them,
-- and a program that meets one it does not know puts that row aside instead of failing.
--
-- An encoded value is three columns: `_format` (1 JSON, 2 postcard), `_version` (of its shape,
-- from 1) and `_bytes`.
--
-- Settings are eight columns; NULL asks the next level (job > schedule > task > built-in):
--   priority          0 (first) to 9 (last)
--   timeout_us        0 means never
--   retry_max         retries after the first failure; NULL leaves all five retry columns open
--   backoff_kind      0 fixed, 1 exponential, 2 linear
--   backoff_first_us  before the first retry
--   backoff_max_us    the longest wait; equal to backoff_first_us for kind 0
--   retry_jitter      by how many percent chance may shorten a wait
--   max_rescues       takeovers from lost nodes
--
-- `tags` are what a worker must offer, in the order of their texts, with commas between them; the
-- empty text is no tag.

-- Numbers about the whole store. `config_revision` rises with each change of a schedule or task.
CREATE TABLE mainspring_meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO mainspring_meta (key, value) VALUES ('config_revision', 0);

-- Tasks: limits and defaults. `max_running` NULL means no limit; `version` is raised by whoever
-- changes the definition, and a smaller one does not overwrite a larger one. `tags` are for jobs of
-- which neither schedule nor job says otherwise.
CREATE TABLE mainspring_tasks (
    id               TEXT NOT NULL PRIMARY KEY,
    version          INTEGER NOT NULL,
    max_running      INTEGER,
    priority         INTEGER,
    timeout_us       INTEGER,
    retry_max        INTEGER,
    backoff_kind     INTEGER,
    backoff_first_us INTEGER,
    backoff_max_us   INTEGER,
    retry_jitter     INTEGER,
    max_rescues      INTEGER,
    tags             TEXT NOT NULL
) STRICT;

-- Schedules.
--   source            where it was written down
--   exclude_*         when it does not fire, an encoded value; NULL: nothing is excluded
--   coalesce          0 latest, 1 earliest, 2 all
--   misfire_grace_us  NULL: however late
--   catch_up          with coalesce 2: how many late fires become jobs
--   jitter_us         the longest delay by chance; NULL: none
--   jitter_spread     0 random, 1 stable; NULL: there is no jitter
--   slack_us          how much later a fire may be noticed
--   overlap           0 allow, 1 skip, 2 queue, 3 cancel
--   fire_limit        how many fires may become jobs; NULL: any number
--   after_run_us      the fixed delay after a job is over; NULL: the trigger names each fire
--   max_failures      it is paused after so many failures in a row; NULL: never
--   tags              NULL: what the task says
--   paused            1: it is written down as paused
--   revision          rises with each put, pause, resume, advance and quarantine
--   next_kind         the cursor: 0 at next_at_us, 1 some time after its job is over, 2 never again
--   next_at_us        NULL unless next_kind is 0
--   last_fire_at_us   the last fire that became a job
--   fired             how many fires became jobs
--   failures          how many jobs in a row have failed, if max_failures asks for it
--   pause_reason      it was told to stop: 0 by hand, 1 after failures; NULL: it was not
--   pause_since_us    when; NULL: it was not
--   quarantine        why it is out of service; NULL: it is not
--   claimed_by        the planner that works on it: a hint, only the revision decides
--   claimed_until_us  when the claim ends
--   due_at_us         when a planner may claim it; NULL: never as it stands
CREATE TABLE mainspring_schedules (
    id               TEXT NOT NULL PRIMARY KEY,
    task             TEXT NOT NULL,
    source           TEXT NOT NULL,
    trigger_format   INTEGER NOT NULL,
    trigger_version  INTEGER NOT NULL,
    trigger_bytes    BLOB NOT NULL,
    payload_format   INTEGER NOT NULL,
    payload_version  INTEGER NOT NULL,
    payload_bytes    BLOB NOT NULL,
    exclude_format   INTEGER,
    exclude_version  INTEGER,
    exclude_bytes    BLOB,
    coalesce         INTEGER NOT NULL,
    misfire_grace_us INTEGER,
    catch_up         INTEGER NOT NULL,
    jitter_us        INTEGER,
    jitter_spread    INTEGER,
    slack_us         INTEGER NOT NULL,
    overlap          INTEGER NOT NULL,
    fire_limit       INTEGER,
    after_run_us     INTEGER,
    max_failures     INTEGER,
    priority         INTEGER,
    timeout_us       INTEGER,
    retry_max        INTEGER,
    backoff_kind     INTEGER,
    backoff_first_us INTEGER,
    backoff_max_us   INTEGER,
    retry_jitter     INTEGER,
    max_rescues      INTEGER,
    tags             TEXT,
    paused           INTEGER NOT NULL CHECK (paused IN (0, 1)),
    revision         INTEGER NOT NULL,
    next_kind        INTEGER NOT NULL,
    next_at_us       INTEGER,
    last_fire_at_us  INTEGER,
    fired            INTEGER NOT NULL,
    failures         INTEGER NOT NULL,
    pause_reason     INTEGER,
    pause_since_us   INTEGER,
    quarantine       TEXT,
    claimed_by       TEXT,
    claimed_until_us INTEGER,
    created_at_us    INTEGER NOT NULL,
    updated_at_us    INTEGER NOT NULL,
    due_at_us        INTEGER GENERATED ALWAYS AS (
        CASE WHEN paused = 0 AND pause_reason IS NULL AND quarantine IS NULL
             THEN max(next_at_us, ifnull(claimed_until_us, next_at_us)) END
    ) VIRTUAL
) STRICT;

-- The pulse: when does the first schedule come due?
CREATE INDEX mainspring_schedules_due ON mainspring_schedules (due_at_us)
    WHERE due_at_us IS NOT NULL;
-- Claiming, in the order of the cursor.
CREATE INDEX mainspring_schedules_next ON mainspring_schedules (next_at_us, id)
    WHERE paused = 0 AND pause_reason IS NULL AND quarantine IS NULL AND next_at_us IS NOT NULL;
CREATE INDEX mainspring_schedules_source ON mainspring_schedules (source);
CREATE INDEX mainspring_schedules_task ON mainspring_schedules (task);
-- A node that starts or ends drops its claims.
CREATE INDEX mainspring_schedules_claimed ON mainspring_schedules (claimed_by)
    WHERE claimed_by IS NOT NULL;

-- Jobs that are not over. A job that is over has no row here: its last run says so.
--   seq            the order in which they were written
--   id             the UUID's 16 bytes, most significant first
--   schedule       on whose behalf it runs; NULL: somebody queued it
--   origin         0 fire, 1 queued, 2 manual, 3 backfill
--   fire_at_us     the instant that the trigger named
--   unique_key     what it stands for; NULL: it wants no key
--   hold_kind      how long it holds its key: 0 while it waits, 1 until it is over, 2 until it is
--                  over and for hold_us after created_at_us; NULL: it wants no key
--   hold_us        NULL unless hold_kind is 2
--   watched        1: its schedule has to hear of its end
--   start_by_us    it expires unless its first attempt has started by then
--   created_at_us  by the store's clock
--   failures       attempts that failed
--   rescues        attempts whose node was lost
--   token          of the latest claim; 0: never claimed
--   state          0 waiting, 1 leased, 2 held until the other jobs of its schedule are over
--   ready_at_us    it can be claimed from this instant on
--   node           the holder
--   lease_until_us from this instant on the job may be rescued
--   cancel         1: somebody asked the holder to stop
CREATE TABLE mainspring_jobs (
    seq              INTEGER PRIMARY KEY,
    id               BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    task             TEXT NOT NULL,
    schedule         TEXT,
    origin           INTEGER NOT NULL,
    fire_at_us       INTEGER,
    payload_format   INTEGER NOT NULL,
    payload_version  INTEGER NOT NULL,
    payload_bytes    BLOB NOT NULL,
    priority         INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
    timeout_us       INTEGER NOT NULL,
    retry_max        INTEGER NOT NULL,
    backoff_kind     INTEGER NOT NULL,
    backoff_first_us INTEGER NOT NULL,
    backoff_max_us   INTEGER NOT NULL,
    retry_jitter     INTEGER NOT NULL,
    max_rescues      INTEGER NOT NULL,
    tags             TEXT NOT NULL,
    unique_key       TEXT,
    hold_kind        INTEGER,
    hold_us          INTEGER,
    watched          INTEGER NOT NULL CHECK (watched IN (0, 1)),
    start_by_us      INTEGER,
    created_at_us    INTEGER NOT NULL,
    failures         INTEGER NOT NULL,
    rescues          INTEGER NOT NULL,
    token            INTEGER NOT NULL,
    state            INTEGER NOT NULL,
    ready_at_us      INTEGER NOT NULL,
    node             TEXT,
    lease_until_us   INTEGER,
    cancel           INTEGER NOT NULL,
    CHECK (
        (state IN (0, 2) AND node IS NULL AND lease_until_us IS NULL AND cancel = 0)
        OR (state = 1 AND node IS NOT NULL AND lease_until_us IS NOT NULL AND cancel IN (0, 1))
    )
) STRICT;

-- Claiming: sought once per task, set of tags and priority.
CREATE INDEX mainspring_jobs_claim ON mainspring_jobs (task, tags, priority, ready_at_us, id)
    WHERE state = 0;
-- The pulse: when does the next job become ready?
CREATE INDEX mainspring_jobs_ready ON mainspring_jobs (ready_at_us) WHERE state = 0;
-- Rescue: leases that ended.
CREATE INDEX mainspring_jobs_lease ON mainspring_jobs (lease_until_us) WHERE state = 1;
-- How many jobs of a task run.
CREATE INDEX mainspring_jobs_running ON mainspring_jobs (task) WHERE state = 1;
-- Rescue: start deadlines that passed. A job that was tried once no longer expires.
CREATE INDEX mainspring_jobs_start_by ON mainspring_jobs (start_by_us)
    WHERE state <> 1 AND start_by_us IS NOT NULL AND failures = 0 AND rescues = 0;
-- Overlap: the jobs of a schedule that are in turn, and which of them is to be freed.
CREATE INDEX mainspring_jobs_schedule ON mainspring_jobs (schedule, origin, state)
    WHERE schedule IS NOT NULL;

-- Which job of a task holds which key.
--   job            the holder
--   over_until_us  it is over and holds the key until then; NULL: it is not over
CREATE TABLE mainspring_keys (
    task          TEXT NOT NULL,
    key           TEXT NOT NULL,
    job           BLOB NOT NULL,
    over_until_us INTEGER,
    PRIMARY KEY (task, key)
) STRICT, WITHOUT ROWID;

-- Keys that nobody holds any more go when others are taken.
CREATE INDEX mainspring_keys_over ON mainspring_keys (over_until_us)
    WHERE over_until_us IS NOT NULL;

-- History: one row for each attempt, and one for each job that was settled without any.
--   token           of the attempt's claim; 0: never claimed
--   attempt         counted from 1
--   origin          as in jobs
--   node            who ran it
--   outcome         0 succeeded, 1 failed, 2 panicked, 3 timed out, 4 cancelled, 5 undecodable,
--                   6 expired, 7 abandoned, 8 interrupted, 9 lease lost, 10 snoozed
--   settled         1: the job was over after this
--   started_at_us   by the node's clock; NULL: it never started
--   finished_at_us  by the node's clock, or by the store's if the store ended it
--   noted_at_us     when it was written, by the store's clock
--   output_*        what the task returned or wrote
--   error           why it failed, for people
-- AUTOINCREMENT, so that a pruned `seq` is never given out again.
CREATE TABLE mainspring_runs (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    job            BLOB NOT NULL,
    token          INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    task           TEXT NOT NULL,
    schedule       TEXT,
    origin         INTEGER NOT NULL,
    fire_at_us     INTEGER,
    node           TEXT,
    outcome        INTEGER NOT NULL,
    settled        INTEGER NOT NULL CHECK (settled IN (0, 1)),
    started_at_us  INTEGER,
    finished_at_us INTEGER NOT NULL,
    noted_at_us    INTEGER NOT NULL,
    output_format  INTEGER,
    output_version INTEGER,
    output_bytes   BLOB,
    error          TEXT
) STRICT;

-- Each of these ends with `seq`, as every index of SQLite ends with the row's number.
CREATE INDEX mainspring_runs_job ON mainspring_runs (job);
CREATE INDEX mainspring_runs_schedule ON mainspring_runs (schedule) WHERE schedule IS NOT NULL;
CREATE INDEX mainspring_runs_task ON mainspring_runs (task);
-- Prune: by the store's clock, because a node's clock may be wrong by years.
CREATE INDEX mainspring_runs_noted ON mainspring_runs (noted_at_us);

-- History: ranges of fires that did not become jobs.
--   reason        0 coalesced, 1 missed, 2 catch-up limit, 3 overlapped, 4 excluded, 5 paused
--   from_us       the first of them
--   to_us         the last of them
--   count         how many
--   at_least      1: counting stopped at `count`
--   noted_at_us   by the store's clock
CREATE TABLE mainspring_skips (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule    TEXT NOT NULL,
    reason      INTEGER NOT NULL,
    from_us     INTEGER NOT NULL,
    to_us       INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    at_least    INTEGER NOT NULL CHECK (at_least IN (0, 1)),
    noted_at_us INTEGER NOT NULL
) STRICT;

CREATE INDEX mainspring_skips_schedule ON mainspring_skips (schedule);
CREATE INDEX mainspring_skips_noted ON mainspring_skips (noted_at_us);
