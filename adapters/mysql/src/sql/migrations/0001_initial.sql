-- Everything that Mainspring keeps in MySQL or MariaDB. This text is the definition of the schema.
--
-- `mainspring_` stands for the prefix that the user chose. Each statement may run again: the server
-- commits after every statement that defines something, so a node that dies half way leaves the
-- steps before, and the next one starts over.
--
-- Instants are microseconds since 1970-01-01T00:00:00Z (`_at_us`, `_by_us`, `_until_us`), lengths
-- are microseconds (`_us`). Numbers that stand for words are the codes of mainspring-core. A code
-- has no CHECK unless the transition table rests on it: a later program may know more of them,
-- and a program that meets one it does not know puts that row aside instead of failing.
--
-- Texts are compared code point by code point (utf8mb4_bin), which is the order of their bytes. This
-- collation pads with blanks when it compares; a name never ends with one, so no two names are
-- taken for one another.
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
--
-- There are no partial indexes here. What stands in for one is a column that is NULL where the
-- index has nothing to say: NULLs lie together at one end, where no search comes by.

-- Numbers about the whole store. `config_revision` rises with each change of a schedule or task.
CREATE TABLE IF NOT EXISTS mainspring_meta (
    name  VARCHAR(32) NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO mainspring_meta (name, value) VALUES ('config_revision', 0)
ON DUPLICATE KEY UPDATE value = value;

-- Tasks: limits and defaults. `max_running` NULL means no limit; `version` is raised by whoever
-- changes the definition, and a smaller one does not overwrite a larger one. `tags` are for jobs of
-- which neither schedule nor job says otherwise.
CREATE TABLE IF NOT EXISTS mainspring_tasks (
    id               VARCHAR(200) NOT NULL PRIMARY KEY,
    version          BIGINT NOT NULL,
    max_running      BIGINT,
    priority         SMALLINT,
    timeout_us       BIGINT,
    retry_max        INTEGER,
    backoff_kind     SMALLINT,
    backoff_first_us BIGINT,
    backoff_max_us   BIGINT,
    retry_jitter     SMALLINT,
    max_rescues      INTEGER,
    tags             VARCHAR(3300) NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

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
--   open_at_us        next_at_us, if it fires as it stands; NULL: it does not
--   due_at_us         when a planner may claim it; NULL: never as it stands
CREATE TABLE IF NOT EXISTS mainspring_schedules (
    id               VARCHAR(200) NOT NULL PRIMARY KEY,
    task             VARCHAR(200) NOT NULL,
    source           VARCHAR(200) NOT NULL,
    trigger_format   SMALLINT NOT NULL,
    trigger_version  BIGINT NOT NULL,
    trigger_bytes    LONGBLOB NOT NULL,
    payload_format   SMALLINT NOT NULL,
    payload_version  BIGINT NOT NULL,
    payload_bytes    LONGBLOB NOT NULL,
    exclude_format   SMALLINT,
    exclude_version  BIGINT,
    exclude_bytes    LONGBLOB,
    coalesce         SMALLINT NOT NULL,
    misfire_grace_us BIGINT,
    catch_up         BIGINT NOT NULL,
    jitter_us        BIGINT,
    jitter_spread    SMALLINT,
    slack_us         BIGINT NOT NULL,
    overlap          SMALLINT NOT NULL,
    fire_limit       BIGINT,
    after_run_us     BIGINT,
    max_failures     BIGINT,
    priority         SMALLINT,
    timeout_us       BIGINT,
    retry_max        INTEGER,
    backoff_kind     SMALLINT,
    backoff_first_us BIGINT,
    backoff_max_us   BIGINT,
    retry_jitter     SMALLINT,
    max_rescues      INTEGER,
    tags             VARCHAR(3300),
    paused           SMALLINT NOT NULL,
    revision         BIGINT NOT NULL,
    next_kind        SMALLINT NOT NULL,
    next_at_us       BIGINT,
    last_fire_at_us  BIGINT,
    fired            BIGINT NOT NULL,
    failures         BIGINT NOT NULL,
    pause_reason     SMALLINT,
    pause_since_us   BIGINT,
    quarantine       TEXT,
    claimed_by       VARCHAR(200),
    claimed_until_us BIGINT,
    created_at_us    BIGINT NOT NULL,
    updated_at_us    BIGINT NOT NULL,
    open_at_us       BIGINT GENERATED ALWAYS AS (
        CASE WHEN paused = 0 AND pause_reason IS NULL AND quarantine IS NULL THEN next_at_us END
    ) STORED,
    due_at_us        BIGINT GENERATED ALWAYS AS (
        CASE WHEN paused = 0 AND pause_reason IS NULL AND quarantine IS NULL
             THEN GREATEST(next_at_us, IFNULL(claimed_until_us, next_at_us)) END
    ) STORED,
    CHECK (paused IN (0, 1)),
    -- Claiming, in the order of the cursor.
    KEY mainspring_schedules_open (open_at_us, id),
    -- The pulse: when does the first schedule come due?
    KEY mainspring_schedules_due (due_at_us),
    KEY mainspring_schedules_claimed (claimed_by),
    KEY mainspring_schedules_source (source),
    KEY mainspring_schedules_task (task)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Jobs that are not over. A job that is over has no row here: its last run says so.
--   id             the UUID's 16 bytes, most significant first; new ones lie together
--   seq            the order in which they were written, as far as one server knows
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
--   lane           the tags in 16 bytes, because an index has no room for sixteen tags
--   wake_at_us     when something is to be done about it: ready_at_us of one that waits,
--                  lease_until_us of one that is leased; NULL: it is held
--   expire_at_us   start_by_us, as long as it can still expire; NULL: it cannot
CREATE TABLE IF NOT EXISTS mainspring_jobs (
    id               BINARY(16) NOT NULL PRIMARY KEY,
    seq              BIGINT NOT NULL,
    task             VARCHAR(200) NOT NULL,
    schedule         VARCHAR(200),
    origin           SMALLINT NOT NULL,
    fire_at_us       BIGINT,
    payload_format   SMALLINT NOT NULL,
    payload_version  BIGINT NOT NULL,
    payload_bytes    LONGBLOB NOT NULL,
    priority         SMALLINT NOT NULL,
    timeout_us       BIGINT NOT NULL,
    retry_max        INTEGER NOT NULL,
    backoff_kind     SMALLINT NOT NULL,
    backoff_first_us BIGINT NOT NULL,
    backoff_max_us   BIGINT NOT NULL,
    retry_jitter     SMALLINT NOT NULL,
    max_rescues      INTEGER NOT NULL,
    tags             VARCHAR(3300) NOT NULL,
    unique_key       VARCHAR(200),
    hold_kind        SMALLINT,
    hold_us          BIGINT,
    watched          SMALLINT NOT NULL,
    start_by_us      BIGINT,
    created_at_us    BIGINT NOT NULL,
    failures         INTEGER NOT NULL,
    rescues          INTEGER NOT NULL,
    token            BIGINT NOT NULL,
    state            SMALLINT NOT NULL,
    ready_at_us      BIGINT NOT NULL,
    node             VARCHAR(200),
    lease_until_us   BIGINT,
    cancel           SMALLINT NOT NULL,
    lane             BINARY(16) GENERATED ALWAYS AS (UNHEX(LEFT(SHA2(tags, 256), 32))) STORED,
    wake_at_us       BIGINT GENERATED ALWAYS AS (
        CASE state WHEN 0 THEN ready_at_us WHEN 1 THEN lease_until_us END
    ) STORED,
    expire_at_us     BIGINT GENERATED ALWAYS AS (
        CASE WHEN state <> 1 AND failures = 0 AND rescues = 0 THEN start_by_us END
    ) STORED,
    CHECK (priority BETWEEN 0 AND 9),
    CHECK (watched IN (0, 1)),
    CHECK (
        (state IN (0, 2) AND node IS NULL AND lease_until_us IS NULL AND cancel = 0)
        OR (state = 1 AND node IS NOT NULL AND lease_until_us IS NOT NULL AND cancel IN (0, 1))
    ),
    -- Claiming: sought once per task, set of tags and priority. The state comes first, so that jobs
    -- that run or are held lie elsewhere; those of a task that run are counted here too.
    KEY mainspring_jobs_claim (state, task, lane, priority, ready_at_us, id, expire_at_us),
    -- The pulse: when does the next job become ready, and when does the next lease end? Rescue.
    KEY mainspring_jobs_wake (state, wake_at_us),
    -- Rescue: start deadlines that passed. A job that was tried once no longer expires.
    KEY mainspring_jobs_expire (expire_at_us),
    -- Overlap: the jobs of a schedule that are in turn, and which of them is to be freed.
    KEY mainspring_jobs_schedule (schedule, origin, state)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Which job of a task holds which key.
--   job            the holder
--   over_until_us  it is over and holds the key until then; NULL: it is not over
CREATE TABLE IF NOT EXISTS mainspring_keys (
    task          VARCHAR(200) NOT NULL,
    unique_key    VARCHAR(200) NOT NULL,
    job           BINARY(16) NOT NULL,
    over_until_us BIGINT,
    PRIMARY KEY (task, unique_key),
    -- Keys that nobody holds any more go when others are taken.
    KEY mainspring_keys_over (over_until_us)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- History: one row for each attempt, and one for each job that was settled without any. The numbers
-- of rows that were pruned are not given out again.
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
CREATE TABLE IF NOT EXISTS mainspring_runs (
    seq            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    job            BINARY(16) NOT NULL,
    token          BIGINT NOT NULL,
    attempt        BIGINT NOT NULL,
    task           VARCHAR(200) NOT NULL,
    schedule       VARCHAR(200),
    origin         SMALLINT NOT NULL,
    fire_at_us     BIGINT,
    node           VARCHAR(200),
    outcome        SMALLINT NOT NULL,
    settled        SMALLINT NOT NULL,
    started_at_us  BIGINT,
    finished_at_us BIGINT NOT NULL,
    noted_at_us    BIGINT NOT NULL,
    output_format  SMALLINT,
    output_version BIGINT,
    output_bytes   LONGBLOB,
    error          LONGTEXT,
    CHECK (settled IN (0, 1)),
    -- Each of these ends with `seq`, as every index of InnoDB ends with the primary key.
    KEY mainspring_runs_job (job),
    KEY mainspring_runs_schedule (schedule),
    KEY mainspring_runs_task (task),
    -- Prune: by the store's clock, because a node's clock may be wrong by years.
    KEY mainspring_runs_noted (noted_at_us)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- History: ranges of fires that did not become jobs.
--   reason        0 coalesced, 1 missed, 2 catch-up limit, 3 overlapped, 4 excluded, 5 paused
--   from_us       the first of them
--   to_us         the last of them
--   count         how many
--   at_least      1: counting stopped at `count`
--   noted_at_us   by the store's clock
CREATE TABLE IF NOT EXISTS mainspring_skips (
    seq         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    schedule    VARCHAR(200) NOT NULL,
    reason      SMALLINT NOT NULL,
    from_us     BIGINT NOT NULL,
    to_us       BIGINT NOT NULL,
    count       BIGINT NOT NULL,
    at_least    SMALLINT NOT NULL,
    noted_at_us BIGINT NOT NULL,
    CHECK (at_least IN (0, 1)),
    KEY mainspring_skips_schedule (schedule),
    KEY mainspring_skips_noted (noted_at_us)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
