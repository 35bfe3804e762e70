//! How big anything can get: every bound of the engine, each with its reason.

/// Fires that [`Trigger::count_between`](crate::trigger::Trigger::count_between) counts one by one
/// before it answers "at least": enough for a week of minutes, bounded to about a millisecond.
pub const COUNT_LIMIT: u64 = 10_080;

/// Bytes in the text of a cron pattern: the longest sensible one lists every value of six fields,
/// which is about 550.
pub const CRON_TEXT_LIMIT: usize = 1_024;
