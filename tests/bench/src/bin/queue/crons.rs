//! The schedules of the benchmark.

use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Cron, Dst, Trigger};
use mainspring_core::zone::Zone;

/// 2026-01-01T00:00:00Z.
pub(crate) const START: Timestamp = match Timestamp::from_secs(1_767_225_600) {
    Some(start) => start,
    None => panic!("the year 2026 can be represented"),
};

/// A cron whose zone is not repeated in every schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Utc(pub(crate) Cron);

impl Trigger for Utc {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.0.next_after(t, &Zone::UTC, Dst::ONCE)
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.0.prev_before(t, &Zone::UTC, Dst::ONCE)
    }
}

/// The instant after `at` that a cron without end names.
pub(crate) fn next(cron: &Cron, at: Timestamp) -> Timestamp {
    Utc(*cron).next_after(at).expect("these crons never end")
}

/// Crons of four kinds in equal parts, at pseudo-random seconds, minutes and hours: every quarter
/// of an hour, hourly, daily, and on weekdays. Seconds spread them over the time line; without them
/// most would share their instants and the clock would hardly have to move.
pub(crate) fn crons(count: usize) -> Vec<Cron> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut below = |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) % limit
    };
    (0..count)
        .map(|_| {
            let (second, minute, hour) = (below(60), below(60), below(24));
            let text = match below(4) {
                0 => {
                    let first = minute % 15;
                    let [b, c, d] = [first + 15, first + 30, first + 45];
                    format!("{second} {first},{b},{c},{d} * * * *")
                }
                1 => format!("{second} {minute} * * * *"),
                2 => format!("{second} {minute} {hour} * * *"),
                _ => format!("{second} {minute} {hour} * * 1-5"),
            };
            Cron::parse(&text).expect("a pattern")
        })
        .collect()
}
