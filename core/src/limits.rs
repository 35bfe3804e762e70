//! How big anything can get: every bound of the engine, each with its reason.

use crate::time::Span;

/// Fires that [`Trigger::count_between`](crate::trigger::Trigger::count_between) counts one by one
/// before it answers "at least": enough for a week of minutes, bounded to about a millisecond.
pub const COUNT_LIMIT: u64 = 10_080;

/// Clock changes over which [`Trigger::count_between`](crate::trigger::Trigger::count_between)
/// counts before it answers "at least": five centuries of them, bounded to about a millisecond.
pub const COUNT_CHANGES: u32 = 1_000;

/// How often one search of an [`All`](crate::trigger::All) asks a child, children of children
/// included, before it gives up: enough for triggers that meet every few thousandth time, bounded
/// to a few milliseconds.
pub const MEET_LIMIT: u32 = 20_000;

/// Over how many excluded stretches one search leaps: a year of nights. One that would have to leap
/// further goes on in the next decision.
pub const EXCLUDED_STRETCHES: u32 = 400;

/// How deep stored triggers may be nested: deeper than people think, shallower than any stack.
pub const TRIGGER_DEPTH: usize = 8;

/// How many triggers one stored trigger may have in it, so that asking it stays cheap.
pub const TRIGGER_PARTS: usize = 64;

/// Due fires that one advance turns into jobs; more come in further advances. Small, because the
/// list lies inline in a machine's output and one transaction should stay short.
pub const FIRES_PER_ADVANCE: usize = 4;

/// Ranges of fires that one decision skips: excluded ones, missed ones, and coalesced ones or those
/// beyond the catch-up limit.
pub const SKIPS_PER_ADVANCE: usize = 3;

/// How many late fires [`Coalesce::All`](crate::schedule::Coalesce::All) runs unless told
/// otherwise: more than a workday of quarter hours, less than what floods a worker.
pub const CATCH_UP: u16 = 100;

/// How often a job is taken over from a lost node unless told otherwise. A job that kills its
/// node three times is more likely the cause than the victim.
pub const MAX_RESCUES: u16 = 3;

/// The wait before the first retry of a job unless told otherwise; it doubles from there.
pub const BACKOFF_FIRST: Span = Span::from_secs(1);

/// The longest wait before a retry of a job unless told otherwise.
pub const BACKOFF_MAX: Span = Span::from_mins(10);

/// How long a lease on a job lasts. A lost node delays its jobs by this much.
pub const LEASE_FOR: Span = Span::from_secs(15);

/// How much earlier than the store a holder considers its lease over: covers the drift of two
/// clocks over one lease and a pause between asking the clock and acting.
pub const LEASE_MARGIN: Span = Span::from_secs(2);

/// A lease is renewed after this fraction of its length, so that two renewals may fail.
pub const LEASE_RENEWALS: i64 = 3;

/// How long before it is due a planner claims a schedule, so that the claim costs no lateness.
pub const LOOKAHEAD: Span = Span::from_secs(10);

/// How long after a schedule was due a planner's claim on it ends. A lost planner delays its
/// schedules by this much; a planner that is merely slow costs a wasted decision, no more.
pub const PLAN_GRACE: Span = Span::from_secs(5);

/// Schedules that one claim hands to a planner: large enough to fill a transaction, small enough
/// to leave some for others.
pub const CLAIM_MAX: u32 = 100;

/// Jobs that one claim hands to a worker: large enough that what a transaction costs by itself is
/// little, small enough that it is short. A worker never claims more than it may run at once.
pub const JOBS_PER_CLAIM: u32 = 1_000;

/// Jobs that one claim hands to a worker whose store has no transactions to pay for: small enough
/// that, while some are claimed, others run and others are written down.
pub const JOBS_PER_LIGHT_CLAIM: u32 = 250;

/// Items of any other verb that one call carries, for the same reasons.
pub const ITEMS_PER_CALL: usize = 1_000;

/// The longest time a node goes without asking its store for news, unless told otherwise.
pub const MAX_IDLE: Span = Span::from_secs(5);

/// The shortest [`MAX_IDLE`] that a node may be told: asking more often is no longer idling.
pub const MIN_IDLE: Span = Span::from_millis(10);

/// The wait of a machine before it first tries a failed store again; it doubles from there.
pub const STORE_BACKOFF_FIRST: Span = Span::from_millis(100);

/// The longest wait of a machine before it tries a failed store again.
pub const STORE_BACKOFF_MAX: Span = Span::from_secs(5);

/// How long a node waits for its store to answer. Longer than stores themselves wait for a lock,
/// and short enough that a renewal whose answer never comes is sent again while its lease is still
/// trusted: it is first sent after [`LEASE_FOR`] / [`LEASE_RENEWALS`].
pub const STORE_PATIENCE: Span = Span::from_secs(7);

/// How long a worker claims nothing after it was given a job whose former run on the same node has
/// not ended yet: long enough for another node to take it, short enough not to idle.
pub const RECLAIM_PAUSE: Span = Span::from_secs(1);

/// A difference between wall and monotonic clock that changes by more than this at once is a
/// jump: the clock was set or the machine slept. NTP slews far more slowly.
pub const CLOCK_JUMP: Span = Span::from_secs(1);

/// How far a node's clock may be from its store's before the node says so: nothing goes wrong by
/// that, but what people read in its log does.
pub const CLOCK_OFF: Span = Span::from_secs(2);

/// How often a node tells its store that it lives: cheap enough for a database of a thousand nodes.
pub const BEAT_EVERY: Span = Span::from_secs(30);

/// A node that has not told for so long is shown as lost: three beats, and a little for their way.
pub const LOST_AFTER: Span = Span::from_secs(100);

/// A node that has not told for so long is forgotten: long enough for people to have seen it.
pub const FORGET_NODE_AFTER: Span = Span::from_days(1);

/// How long a schedule waits whose jobs find no room in a store of fixed size.
pub const FULL_PAUSE: Span = Span::from_secs(1);

/// Rows that one rescue or prune touches, so that neither holds a database for long.
pub const ROWS_PER_SWEEP: u32 = 200;

/// The pause between two sweeps of which the first left something behind.
pub const SWEEP_PAUSE: Span = Span::from_millis(100);

/// How often old history is looked for.
pub const PRUNE_EVERY: Span = Span::from_mins(10);

/// How long history is kept unless told otherwise.
pub const KEEP_HISTORY: Span = Span::from_days(30);

/// Schedules that one node plans at once. Those that are not due within [`LOOKAHEAD`] take no
/// place, so this bounds memory, not how many schedules a store may hold.
pub const PLANNER_WINDOW: usize = 1_024;

/// Jobs that one node runs at once unless told otherwise.
pub const WORKER_WINDOW: usize = 100;

/// Bytes in the text of a cron pattern: the longest sensible one lists every value of six fields,
/// which is about 550.
pub const CRON_TEXT_LIMIT: usize = 1_024;
