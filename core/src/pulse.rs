//! The news that every reply of a store carries, and what a machine makes of it.

use crate::id::ConfigRevision;
use crate::limits;
use crate::note::Notable;
use crate::settings::Backoff;
use crate::time::{Mono, Now, Span, Timestamp};

/// What a store says about itself in every reply: its clock, its deadlines and whether people
/// changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Pulse {
    /// The store's clock.
    pub store_now: Timestamp,
    /// When the first schedule comes due or, if somebody has claimed it, when that claim ends,
    /// whichever is later. `None`: no schedule fires.
    pub next_due_at: Option<Timestamp>,
    /// The first instant after `store_now` at which a waiting job becomes ready, or
    /// `store_now` if there may be jobs that a claim could not have because others were in its way.
    pub next_ready_at: Option<Timestamp>,
    /// When the first lease ends or the first start deadline passes: time for a rescue.
    pub next_lapse_at: Option<Timestamp>,
    /// Rises with each change of a schedule or a task.
    pub config_revision: ConfigRevision,
}

/// A machine's idea of when something is there for it in the store, on its own monotonic clock.
///
/// Replies may overtake one another, and what one of them says may be older than what another
/// machine of this node has done since. So a reply replaces the idea only if nothing else was
/// learned since its request was sent; otherwise the earlier instant wins, and the worst case is
/// one request too many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Horizon {
    at: Option<Mono>,
    epoch: u32,
}

impl Horizon {
    /// Nothing is known.
    pub(crate) const EMPTY: Self = Self { at: None, epoch: 0 };

    /// Something is there at `at`: news from elsewhere, such as a hint or the reply to another
    /// verb.
    pub(crate) fn hear(&mut self, at: Option<Mono>) {
        self.epoch = self.epoch.wrapping_add(1);
        self.at = earlier(self.at, at);
    }

    /// The reply to the machine's own question, which was sent in `epoch`.
    pub(crate) fn learn(&mut self, at: Option<Mono>, epoch: u32) {
        self.at = if self.epoch == epoch { at } else { earlier(self.at, at) };
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// The present epoch, to be kept with a question.
    pub(crate) fn epoch(self) -> u32 {
        self.epoch
    }

    /// When to ask.
    pub(crate) fn at(self) -> Option<Mono> {
        self.at
    }
}

impl Pulse {
    /// When, on the receiver's monotonic clock, the store's clock will show `at`.
    ///
    /// Translating through the store's own reading makes a node's wall clock, which may be wrong,
    /// irrelevant for when to ask.
    pub(crate) fn mono_at(&self, at: Option<Timestamp>, now: Now) -> Option<Mono> {
        at.map(|at| now.mono + at.since(self.store_now).max(Span::ZERO))
    }
}

/// How a machine treats a store that fails: it waits, longer each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outage {
    failures: u16,
    until: Option<Mono>,
}

impl Notable for Outage {
    const NOTHING: Self = Self::OVER;
}

impl Outage {
    /// The store answers.
    pub(crate) const OVER: Self = Self { failures: 0, until: None };

    /// A request failed.
    pub(crate) fn failed(&mut self, now: Mono) {
        // Several requests of one batch fail together and count once.
        if self.until.is_none_or(|until| until <= now) {
            self.failures = self.failures.saturating_add(1);
            self.until = Some(now + BACKOFF.delay(self.failures));
        }
    }

    /// Until when nothing is asked, if that lies ahead.
    pub(crate) fn until(self, now: Mono) -> Option<Mono> {
        self.until.filter(|&until| until > now)
    }
}

/// When to have a look although nothing is expected: at most `max_idle` from now, and at an instant
/// that all machines of a node share, so that an idle node wakes up once for all of them.
///
/// Now and then a look is one step early, for no reason but to get out of step: of two nodes that
/// look in the same rhythm, the second would find the place of a limited task taken each time.
///
/// A machine whose store is not `remote` is out of step with nobody.
pub(crate) fn look_at(now: Mono, max_idle: Span, remote: bool) -> Mono {
    if !remote {
        return now + max_idle;
    }
    let grid = (max_idle.as_micros() / LOOKS_PER_IDLE).max(1);
    let latest = (now + max_idle).as_micros().div_euclid(grid);
    Mono::from_micros((latest - i64::from(is_early(latest))) * grid)
}

/// Whether the look of this number is early. It depends on nothing else, so that machines agree.
fn is_early(number: i64) -> bool {
    // Fibonacci hashing, of which the upper bits are the good ones.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "any bits will do")]
    let low = number as u32;
    low.wrapping_mul(0x9E37_79B9) >> 31 == 1
}

pub(crate) fn earlier(a: Option<Mono>, b: Option<Mono>) -> Option<Mono> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, None) => a,
        (None, b) => b,
    }
}

/// Looks fall on this fraction of `max_idle`: replies within it lead to a common next look, which
/// is therefore up to this fraction early.
const LOOKS_PER_IDLE: i64 = 8;

const BACKOFF: Backoff =
    Backoff::Exponential { first: limits::STORE_BACKOFF_FIRST, max: limits::STORE_BACKOFF_MAX };
