//! How soon a node looks at the store when others say that there is something.
//!
//! A hint reaches every node, and one job is enough for one of them. So a node that looked in vain
//! waits a little before it follows the next hint, longer each time, and whoever found something
//! looks at once again. Those that wait take over when the eager ones are busy, so the longest wait
//! is what that costs.

use mainspring_core::dice::Dice;
use mainspring_core::time::{Mono, Span};

/// Whether and when to follow a hint.
#[derive(Debug)]
pub(crate) struct Look {
    at: Option<Mono>,
    /// A hint was followed, and what it led to is not known yet.
    followed: bool,
    /// How many hints in a row led to nothing.
    in_vain: u32,
    dice: Dice,
}

impl Look {
    /// Looks at once.
    pub(crate) fn new(dice: Dice) -> Self {
        Self { at: None, followed: false, in_vain: 0, dice }
    }

    /// Somebody said that there is something.
    pub(crate) fn hear(&mut self, now: Mono) {
        if self.at.is_none() {
            self.at = Some(now + self.wait());
        }
    }

    /// Whether it is time to look.
    pub(crate) fn is_due(&mut self, now: Mono) -> bool {
        let due = self.at.is_some_and(|at| at <= now);
        if due {
            (self.at, self.followed) = (None, true);
        }
        due
    }

    /// The store was asked, and had so much.
    pub(crate) fn found(&mut self, count: usize) {
        if count > 0 {
            (self.in_vain, self.followed) = (0, false);
        } else if core::mem::take(&mut self.followed) {
            self.in_vain = (self.in_vain + 1).min(DOUBLINGS);
        }
    }

    /// When it will be time to look.
    pub(crate) fn at(&self) -> Option<Mono> {
        self.at
    }

    /// Chance keeps nodes that heard the same hint apart.
    fn wait(&mut self) -> Span {
        match self.in_vain.checked_sub(1) {
            None => Span::ZERO,
            Some(doublings) => {
                let longest = FIRST_WAIT.saturating_mul(1 << doublings);
                let half = Span::from_micros(longest.as_micros() / 2);
                half + self.dice.span(half)
            }
        }
    }
}

/// The wait after one look in vain.
const FIRST_WAIT: Span = Span::from_millis(1);
/// With so many doublings (and one less, for the first) a wait is at most 64 ms: a hundred nodes
/// then look no more than some two thousand times a second in vain, whatever is said.
const DOUBLINGS: u32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mono = Mono::ZERO;

    #[test]
    fn whoever_finds_something_looks_at_once() {
        let mut look = Look::new(Dice::seeded(1));
        for _ in 0..3 {
            look.hear(NOW);
            assert!(look.is_due(NOW) && !look.is_due(NOW));
            look.found(1);
            // The question after the last job finds nothing, which no hint is to blame for.
            look.found(0);
        }
    }

    #[test]
    fn whoever_looks_in_vain_waits_longer_and_longer() {
        let mut look = Look::new(Dice::seeded(1));
        let mut waits = Vec::new();
        for _ in 0..12 {
            look.hear(NOW);
            let at = look.at().expect("it is going to look");
            look.hear(NOW);
            assert_eq!(look.at(), Some(at), "a second hint changes nothing");
            assert!(look.is_due(at));
            look.found(0);
            waits.push(at.since(NOW));
        }
        assert_eq!(waits[0], Span::ZERO);
        assert!(waits[1] <= FIRST_WAIT && waits[11] >= FIRST_WAIT.saturating_mul(32));
        assert!(waits.iter().all(|&wait| wait <= FIRST_WAIT.saturating_mul(64)));
        look.found(1);
        look.hear(NOW);
        assert!(look.is_due(NOW));
    }
}
