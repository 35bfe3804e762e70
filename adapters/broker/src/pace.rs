//! When the next message may go: at once after a pause, and rarely while there is always something
//! to say.

use core::time::Duration;
use std::collections::HashSet;

use mainspring_contract::broker::Origin;
use tokio::time::Instant;

/// The gaps between messages.
///
/// A gap is short after a pause, and doubles each time that hints were waiting for its end. The
/// longest one is in proportion to the number of nodes that were heard of late, so that under load
/// all of them together send a bounded number of messages.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Not before this.
    next_at: Instant,
    gap: Duration,
    /// Something has waited for the end of the present gap.
    waited: bool,
    crowd: Crowd,
}

/// Who was heard in this second and in the one before.
#[derive(Debug)]
struct Crowd {
    now: HashSet<Origin>,
    before: usize,
    since: Instant,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        let crowd = Crowd { now: HashSet::new(), before: 0, since: now };
        Self { next_at: now, gap: FIRST_GAP, waited: false, crowd }
    }

    /// When a message may go.
    pub(crate) fn next_at(&self) -> Instant {
        self.next_at
    }

    /// The gap is over, and there was something to send or not.
    pub(crate) fn over(&mut self, waited: bool) {
        self.waited = waited;
    }

    /// A message was sent.
    pub(crate) fn sent(&mut self, now: Instant) {
        self.gap = match self.waited {
            true => (self.gap * 2).min(self.longest(now)),
            false => FIRST_GAP,
        };
        self.waited = false;
        self.next_at = now + self.gap;
    }

    /// Somebody was heard.
    pub(crate) fn heard(&mut self, from: Origin, now: Instant) {
        self.crowd.turn(now);
        if self.crowd.now.len() < CROWD_MAX {
            self.crowd.now.insert(from);
        }
    }

    fn longest(&mut self, now: Instant) -> Duration {
        self.crowd.turn(now);
        let heard = self.crowd.now.len().max(self.crowd.before);
        let nodes = u32::try_from(heard).unwrap_or(u32::MAX).saturating_add(1);
        SHARE.saturating_mul(nodes)
    }
}

impl Crowd {
    /// Begins a new second, if it is time.
    fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        if passed >= SECOND {
            let still_counts = passed < SECOND * 2;
            self.before = if still_counts { self.now.len() } else { 0 };
            self.now.clear();
            self.since = now;
        }
    }
}

/// The gap after a message that had not to wait: short against what a claim takes, and long enough
/// to gather what one call after the other tells.
const FIRST_GAP: Duration = Duration::from_millis(2);
/// The time between messages of all nodes together while every one of them is busy.
const SHARE: Duration = Duration::from_millis(5);
const SECOND: Duration = Duration::from_secs(1);
/// More nodes than this are not told apart: they send rarely enough.
const CROWD_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    /// How many messages go in ten seconds if there is always something to say.
    fn sent_in_ten_seconds(nodes: u64) -> u32 {
        let start = clock::now();
        let mut pace = Pace::new(start);
        let mut sent = 0;
        while pace.next_at() < start + SECOND * 10 {
            let now = pace.next_at();
            for other in 1..nodes {
                pace.heard(Origin(other), now);
            }
            pace.over(true);
            pace.sent(now);
            sent += 1;
        }
        sent
    }

    #[test]
    fn busy_nodes_share_what_all_of_them_send() {
        for nodes in [1, 2, 10, 100] {
            let all = u64::from(sent_in_ten_seconds(nodes)) * nodes;
            assert!((1_000..=3_200).contains(&all), "{nodes} nodes send {all} in ten seconds");
        }
    }

    #[test]
    fn after_a_pause_the_next_message_goes_at_once() {
        let mut now = clock::now();
        let mut pace = Pace::new(now);
        for _ in 0..10 {
            pace.over(true);
            pace.sent(now);
            now = pace.next_at();
        }
        assert_eq!(pace.gap, SHARE);
        pace.over(false);
        pace.sent(now);
        assert_eq!(pace.next_at(), now + FIRST_GAP);
    }

    #[test]
    fn whoever_fell_silent_no_longer_counts() {
        let mut now = clock::now();
        let mut pace = Pace::new(now);
        (0..100).for_each(|other| pace.heard(Origin(other), now));
        assert_eq!(pace.longest(now), SHARE * 101);
        now += SECOND;
        assert_eq!(pace.longest(now), SHARE * 101);
        now += SECOND * 2;
        assert_eq!(pace.longest(now), SHARE);
    }
}
