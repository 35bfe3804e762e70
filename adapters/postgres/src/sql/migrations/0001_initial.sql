-- Everything that Mainspring keeps in PostgreSQL. This text is the definition of its tables.
-- `schema.` stands for the schema and `mainspring_` for the prefix that the owner has chosen.
--
-- Instants are microseconds since 1970-01-01T00:00:00Z (`_at_us`, `_by_us`, `_until_us`), lengths
-- are microseconds (`_us`); `to_timestamp(x / 1e6)` shows one. Numbers that stand for words are the
-- codes of mainspring-core. A code has no CHECK: a later program may know more of them, and a
-- program that meets one it does not know puts that row aside instead of failing.
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
-- Texts are compared byte by byte (COLLATE "C"): it is the order of the contract, it is fast, and
-- no update of the system's locales can break an index.

-- Numbers about the whole store. Each has a page for itself and its versions.
--   config_revision  rises with each change of a schedule or task
--   runs_slot        the part of `runs` that is written to
--   runs_slot_at_us  since when
--   runs_floor       the smallest `seq` of history that is not forgotten
CREATE TABLE schema.mainspring_meta (
    key   text COLLATE "C" NOT NULL PRIMARY KEY,
    value bigint NOT NULL
) WITH (fillfactor = 10);

INSERT INTO schema.mainspring_meta (key, value)
VALUES ('config_revision', 0), ('runs_slot', 0), ('runs_slot_at_us', 0), ('runs_floor', 0);

-- Tasks: limits and defaults. `max_running` NULL means no limit; `version` is raised by whoever
-- changes the definition, and a smaller one does not overwrite a larger one. `tags` are for jobs of
-- which neither schedule nor job says otherwise. A claim locks the rows of tasks with a limit.
CREATE TABLE schema.mainspring_tasks (
    id               text COLLATE "C" NOT NULL PRIMARY KEY,
    version          bigint NOT NULL,
    max_running      bigint,
    priority         smallint,
    timeout_us       bigint,
    retry_max        integer,
    backoff_kind     smallint,
    backoff_first_us bigint,
    backoff_max_us   bigint,
    retry_jitter     smallint,
    max_rescues      integer,
    tags             text COLLATE "C" NOT NULL
) WITH (fillfactor = 50);

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
--   paused            true: it is written down as paused
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
CREATE TABLE schema.mainspring_schedules (
    id               text COLLATE "C" NOT NULL PRIMARY KEY,
    task             text COLLATE "C" NOT NULL,
    source           text COLLATE "C" NOT NULL,
    trigger_format   smallint NOT NULL,
    trigger_version  integer NOT NULL,
    trigger_bytes    bytea NOT NULL,
    payload_format   smallint NOT NULL,
    payload_version  integer NOT NULL,
    payload_bytes    bytea NOT NULL,
    exclude_format   smallint,
    exclude_version  integer,
    exclude_bytes    bytea,
    coalesce         smallint NOT NULL,
    misfire_grace_us bigint,
    catch_up         integer NOT NULL,
    jitter_us        bigint,
    jitter_spread    smallint,
    slack_us         bigint NOT NULL,
    overlap          smallint NOT NULL,
    fire_limit       bigint,
    after_run_us     bigint,
    max_failures     integer,
    priority         smallint,
    timeout_us       bigint,
    retry_max        integer,
    backoff_kind     smallint,
    backoff_first_us bigint,
    backoff_max_us   bigint,
    retry_jitter     smallint,
    max_rescues      integer,
    tags             text COLLATE "C",
    paused           boolean NOT NULL,
    revision         bigint NOT NULL,
    next_kind        smallint NOT NULL,
    next_at_us       bigint,
    last_fire_at_us  bigint,
    fired            bigint NOT NULL,
    failures         integer NOT NULL,
    pause_reason     smallint,
    pause_since_us   bigint,
    quarantine       text,
    claimed_by       text COLLATE "C",
    claimed_until_us bigint,
    created_at_us    bigint NOT NULL,
    updated_at_us    bigint NOT NULL,
    due_at_us        bigint GENERATED ALWAYS AS (
        CASE WHEN NOT paused AND pause_reason IS NULL AND quarantine IS NULL
                  AND next_at_us IS NOT NULL
             THEN greatest(next_at_us, claimed_until_us) END
    ) STORED
) WITH (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);

-- The pulse: when does the first schedule come due?
CREATE INDEX mainspring_schedules_due ON schema.mainspring_schedules (due_at_us)
    WHERE due_at_us IS NOT NULL;
-- Claiming, in the order of the cursor.
CREATE INDEX mainspring_schedules_next ON schema.mainspring_schedules (next_at_us, id)
    WHERE due_at_us IS NOT NULL;
CREATE INDEX mainspring_schedules_source ON schema.mainspring_schedules (source);
CREATE INDEX mainspring_schedules_task ON schema.mainspring_schedules (task);
-- A node that starts or ends drops its claims.
CREATE INDEX mainspring_schedules_claimed ON schema.mainspring_schedules (claimed_by)
    WHERE claimed_by IS NOT NULL;

-- Jobs that are not over. A job that is over has no row here: its last run says so. Columns of a
-- fixed width come first.
--   id             a UUID whose first bits are its time
--   ready_at_us    it can be claimed from this instant on
--   created_at_us  by the store's clock
--   timeout_us     this and the other settings are decided when the job is written
--   token          of the latest claim; 0: never claimed
--   failures       attempts that failed
--   rescues        attempts whose node was lost
--   state          0 waiting, 1 leased, 2 held until the other jobs of its schedule are over
--   delayed        its instant was still to come when it began to wait
--   origin         0 fire, 1 queued, 2 manual, 3 backfill
--   watched        its schedule has to hear of its end
--   cancel         somebody asked the holder to stop
--   lease_until_us from this instant on the job may be rescued; NULL unless state is 1
--   node           the holder; NULL unless state is 1
--   schedule       on whose behalf it runs; NULL: somebody queued it
--   chain_seq      the order in which the jobs of a schedule were written
--   fire_at_us     the instant that the trigger named
--   start_by_us    it expires unless its first attempt has started by then
--   unique_key     what it stands for; NULL: it wants no key
--   hold_kind      how long it holds its key: 0 while it waits, 1 until it is over, 2 until it is
--                  over and for hold_us after created_at_us; NULL: it wants no key
--   hold_us        NULL unless hold_kind is 2
--   lane           the tags, if they are short enough for an index; otherwise their beginning and a
--                  digest
CREATE TABLE schema.mainspring_jobs (
    id               uuid NOT NULL PRIMARY KEY,
    ready_at_us      bigint NOT NULL,
    created_at_us    bigint NOT NULL,
    timeout_us       bigint NOT NULL,
    backoff_first_us bigint NOT NULL,
    backoff_max_us   bigint NOT NULL,
    token            bigint NOT NULL DEFAULT 0,
    retry_max        integer NOT NULL,
    max_rescues      integer NOT NULL,
    failures         integer NOT NULL DEFAULT 0,
    rescues          integer NOT NULL DEFAULT 0,
    payload_version  integer NOT NULL,
    payload_format   smallint NOT NULL,
    priority         smallint NOT NULL,
    backoff_kind     smallint NOT NULL,
    retry_jitter     smallint NOT NULL,
    origin           smallint NOT NULL,
    state            smallint NOT NULL,
    delayed          boolean NOT NULL,
    watched          boolean NOT NULL,
    cancel           boolean NOT NULL DEFAULT false,
    task             text COLLATE "C" NOT NULL,
    tags             text COLLATE "C" NOT NULL,
    payload_bytes    bytea NOT NULL,
    lease_until_us   bigint,
    node             text COLLATE "C",
    schedule         text COLLATE "C",
    chain_seq        bigint,
    fire_at_us       bigint,
    start_by_us      bigint,
    hold_us          bigint,
    hold_kind        smallint,
    unique_key       text COLLATE "C",
    lane             text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
        CASE WHEN octet_length(tags) <= 200 THEN tags
             ELSE left(tags, 100) || ' ' || md5(tags) END
    ) STORED,
    CHECK (priority BETWEEN 0 AND 9),
    CHECK ((state = 1) = (node IS NOT NULL) AND (state = 1) = (lease_until_us IS NOT NULL))
) WITH (
    -- Each job leaves two dead rows behind. Vacuum comes early and does not dawdle.
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.1, autovacuum_analyze_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);

-- The order in which the jobs of schedules were written.
CREATE SEQUENCE schema.mainspring_chain;

-- Claiming: sought once per task, lane and priority.
CREATE INDEX mainspring_jobs_claim ON schema.mainspring_jobs (task, lane, priority, ready_at_us, id)
    WHERE state = 0;
-- The pulse: when does the next job become ready? Not in it are those that were ready
-- from the start.
CREATE INDEX mainspring_jobs_ready ON schema.mainspring_jobs (ready_at_us)
    WHERE state = 0 AND delayed;
-- Rescue: leases that ended. And how many jobs of a task with a limit run: few tasks have one, and
-- an index for them alone would be written to by every claim.
CREATE INDEX mainspring_jobs_lease ON schema.mainspring_jobs (lease_until_us, task)
    WHERE state = 1;
-- Rescue: start deadlines that passed. A job that was tried once no longer expires.
CREATE INDEX mainspring_jobs_start_by ON schema.mainspring_jobs (start_by_us)
    WHERE state <> 1 AND start_by_us IS NOT NULL AND failures = 0 AND rescues = 0;
-- Overlap: the jobs of a schedule that are in turn, and which of them is to be freed.
CREATE INDEX mainspring_jobs_schedule ON schema.mainspring_jobs (schedule, origin, state)
    WHERE schedule IS NOT NULL;

-- Which job of a task holds which key.
--   job            the holder
--   over_until_us  it is over and holds the key until then; NULL: it is not over
CREATE TABLE schema.mainspring_keys (
    task          text COLLATE "C" NOT NULL,
    key           text COLLATE "C" NOT NULL,
    job           uuid NOT NULL,
    over_until_us bigint,
    PRIMARY KEY (task, key)
) WITH (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);

-- Keys that nobody holds any more go when others are taken.
CREATE INDEX mainspring_keys_over ON schema.mainspring_keys (over_until_us)
    WHERE over_until_us IS NOT NULL;

-- History: one row for each attempt, and one for each job that was settled without any. Rows are
-- only ever added. Pruning raises `runs_floor`, below which nobody looks; a part of which
-- everything lies below is emptied at once (TRUNCATE). So history leaves no dead rows behind.
--   seq             rises with each record
--   noted_at_us     when it was written, by the store's clock
--   token           of the attempt's claim; 0: never claimed
--   finished_at_us  by the node's clock, or by the store's if the store ended it
--   started_at_us   by the node's clock; NULL: it never started
--   attempt         counted from 1
--   slot            the part of the table
--   outcome         0 succeeded, 1 failed, 2 panicked, 3 timed out, 4 cancelled, 5 undecodable,
--                   6 expired, 7 abandoned, 8 interrupted, 9 lease lost, 10 snoozed
--   origin          as in jobs
--   settled         the job was over after this
--   node            who ran it
--   output_*        what the task returned or wrote
--   error           why it failed, for people
CREATE TABLE schema.mainspring_runs (
    job            uuid NOT NULL,
    seq            bigint NOT NULL,
    noted_at_us    bigint NOT NULL,
    token          bigint NOT NULL,
    finished_at_us bigint NOT NULL,
    started_at_us  bigint,
    attempt        bigint NOT NULL,
    slot           smallint NOT NULL,
    outcome        smallint NOT NULL,
    origin         smallint NOT NULL,
    settled        boolean NOT NULL,
    task           text COLLATE "C" NOT NULL,
    node           text COLLATE "C",
    schedule       text COLLATE "C",
    fire_at_us     bigint,
    output_version integer,
    output_format  smallint,
    output_bytes   bytea,
    error          text
) PARTITION BY LIST (slot);

CREATE TABLE schema.mainspring_runs_0 PARTITION OF schema.mainspring_runs FOR VALUES IN (0);
CREATE TABLE schema.mainspring_runs_1 PARTITION OF schema.mainspring_runs FOR VALUES IN (1);
CREATE TABLE schema.mainspring_runs_2 PARTITION OF schema.mainspring_runs FOR VALUES IN (2);
CREATE TABLE schema.mainspring_runs_3 PARTITION OF schema.mainspring_runs FOR VALUES IN (3);

CREATE SEQUENCE schema.mainspring_runs_seq;

-- The newest first, and what is pruned.
CREATE INDEX mainspring_runs_order ON schema.mainspring_runs (seq);
-- Whether a job is over, and how.
CREATE INDEX mainspring_runs_job ON schema.mainspring_runs (job);
CREATE INDEX mainspring_runs_task ON schema.mainspring_runs (task, seq);
CREATE INDEX mainspring_runs_schedule ON schema.mainspring_runs (schedule, seq)
    WHERE schedule IS NOT NULL;

-- History: ranges of fires that did not become jobs.
--   reason        0 coalesced, 1 missed, 2 catch-up limit, 3 overlapped, 4 excluded, 5 paused
--   from_us       the first of them
--   to_us         the last of them
--   count         how many
--   at_least      counting stopped at `count`
--   noted_at_us   by the store's clock
CREATE TABLE schema.mainspring_skips (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_us     bigint NOT NULL,
    to_us       bigint NOT NULL,
    count       bigint NOT NULL,
    noted_at_us bigint NOT NULL,
    reason      smallint NOT NULL,
    at_least    boolean NOT NULL,
    schedule    text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX mainspring_skips_schedule ON schema.mainspring_skips (schedule, seq);
CREATE INDEX mainspring_skips_noted ON schema.mainspring_skips (noted_at_us, seq);
