//! How a job runs, and where each setting comes from: job > schedule > task > built-in.
//!
//! Every level may leave a setting out. They are resolved once, when the job is written, so that
//! a later change of a task or schedule does not change jobs that exist. `max_running` is not
//! here: it stays live at the [`Task`](crate::task::Task).

use core::borrow::Borrow;
use core::fmt::{self, Debug};

use crate::dice::Dice;
use crate::limits;
use crate::offer::Offer;
use crate::time::Span;

/// How urgent a job is among the jobs of its task: 0 (first) to 9 (last), 5 unless told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u8", into = "u8"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Priority(u8);

impl Priority {
    /// Before everything else.
    pub const FIRST: Self = Self(0);
    /// The priority of a job that names none.
    pub const DEFAULT: Self = Self(5);
    /// After everything else.
    pub const LAST: Self = Self(9);

    /// The priority with this number, or `None` above 9.
    pub const fn new(number: u8) -> Option<Self> {
        if number <= Self::LAST.0 { Some(Self(number)) } else { None }
    }

    /// The number, 0 to 9.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// A number above 9 is no priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorityError(pub u8);

impl fmt::Display for PriorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no priority (0 is first, 9 is last)", self.0)
    }
}

impl core::error::Error for PriorityError {}

impl TryFrom<u8> for Priority {
    type Error = PriorityError;
    fn try_from(number: u8) -> Result<Self, PriorityError> {
        Self::new(number).ok_or(PriorityError(number))
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How long to wait before an attempt is made again. Spans below zero count as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Backoff {
    /// The same span each time.
    Fixed(Span),
    /// `first`, then twice that, three times, … but at most `max`.
    Linear {
        /// Before the first retry.
        first: Span,
        /// The longest wait.
        max: Span,
    },
    /// `first`, then twice that, four times, … but at most `max`.
    Exponential {
        /// Before the first retry.
        first: Span,
        /// The longest wait.
        max: Span,
    },
}

impl Backoff {
    /// One second, doubling, at most ten minutes.
    pub const DEFAULT: Self =
        Self::Exponential { first: limits::BACKOFF_FIRST, max: limits::BACKOFF_MAX };

    /// The wait before retry number `retry`, which counts from 1.
    pub fn delay(self, retry: u16) -> Span {
        let span = match self {
            Self::Fixed(span) => span,
            Self::Linear { first, max } => first.saturating_mul(i64::from(retry)).min(max),
            Self::Exponential { first, max } => {
                // 2^62 µs is longer than any span that matters, and the product saturates.
                let doublings = u32::from(retry.saturating_sub(1)).min(62);
                first.saturating_mul(1 << doublings).min(max)
            }
        };
        span.max(Span::ZERO)
    }
}

/// Whether and when a failed attempt is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Retry {
    /// How many times after the first failure; 0 means never.
    pub max: u16,
    /// The wait before each retry.
    pub backoff: Backoff,
    /// By how many percent, 0 to 100, chance may shorten each wait, so that what failed together is
    /// not tried again together. More than 100 counts as 100.
    pub jitter: u8,
}

impl Retry {
    /// A failure is final.
    pub const NEVER: Self = Self::times(0);

    /// Up to `max` retries with the built-in [`Backoff::DEFAULT`].
    pub const fn times(max: u16) -> Self {
        Self { max, backoff: Backoff::DEFAULT, jitter: 0 }
    }

    /// Whether it asks for nothing that a domain rules out.
    pub const fn is_within(&self, offer: Offer) -> bool {
        let fixed = matches!(self.backoff, Backoff::Fixed(_)) && self.jitter == 0;
        offer.backoff || self.max == 0 || fixed
    }

    /// The wait before retry number `retry`, which counts from 1, in a domain with this offer.
    pub(crate) fn wait(self, retry: u16, dice: &mut Dice, offer: Offer) -> Span {
        match self.backoff {
            Backoff::Fixed(span) if !offer.backoff => span.max(Span::ZERO),
            _ if !offer.backoff => Span::ZERO,
            _ => self.delay(retry, dice),
        }
    }

    /// The wait before retry number `retry`, which counts from 1.
    pub fn delay(self, retry: u16, dice: &mut Dice) -> Span {
        let whole = self.backoff.delay(retry);
        if self.jitter == 0 {
            return whole;
        }
        let percent = i64::from(self.jitter.min(100));
        // Whole first, so that nothing overflows; a wait below 100 µs needs no jitter.
        whole - dice.span(Span::from_micros(whole.as_micros() / 100 * percent))
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::NEVER
    }
}

/// How long one attempt may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Timeout {
    /// As long as it takes.
    Never,
    /// At most this long; then it is aborted.
    After(Span),
}

impl Timeout {
    /// At most `span`, but at least a microsecond: a run cannot end before it has started.
    pub fn after(span: Span) -> Self {
        Self::After(span.max(Span::from_micros(1)))
    }

    /// The bound, if there is one.
    pub const fn span(self) -> Option<Span> {
        match self {
            Self::Never => None,
            Self::After(span) => Some(span),
        }
    }
}

/// The settings of one level; `None` asks the next level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Settings {
    /// Order among the jobs of a task.
    pub priority: Option<Priority>,
    /// How long one attempt may run.
    pub timeout: Option<Timeout>,
    /// What follows a failure.
    pub retry: Option<Retry>,
    /// How often a job may be rescued from a node that was lost in the middle of it.
    pub max_rescues: Option<u16>,
}

impl Settings {
    /// Nothing set: everything comes from the next level.
    pub const NONE: Self = Self { priority: None, timeout: None, retry: None, max_rescues: None };

    /// These settings, completed by those of the next level.
    #[must_use]
    pub fn or(self, next: Self) -> Self {
        Self {
            priority: self.priority.or(next.priority),
            timeout: self.timeout.or(next.timeout),
            retry: self.retry.or(next.retry),
            max_rescues: self.max_rescues.or(next.max_rescues),
        }
    }

    /// The settings as a job carries them: what is still open takes the built-in value.
    pub fn resolve(self) -> Terms {
        Terms {
            priority: self.priority.unwrap_or(Terms::DEFAULT.priority),
            timeout: self.timeout.unwrap_or(Terms::DEFAULT.timeout),
            retry: self.retry.unwrap_or(Terms::DEFAULT.retry),
            max_rescues: self.max_rescues.unwrap_or(Terms::DEFAULT.max_rescues),
        }
    }
}

/// The settings of one job, all of them decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Terms {
    /// Order among the jobs of a task.
    pub priority: Priority,
    /// How long one attempt may run.
    pub timeout: Timeout,
    /// What follows a failure.
    pub retry: Retry,
    /// How often the job may be rescued from a lost node.
    pub max_rescues: u16,
}

impl Terms {
    /// The built-in value of each.
    pub const DEFAULT: Self = Self {
        priority: Priority::DEFAULT,
        timeout: Timeout::Never,
        retry: Retry::NEVER,
        max_rescues: limits::MAX_RESCUES,
    };
}

/// What one level says about the jobs below it, in the form in which a domain keeps it, with
/// `T` for what has been decided for a job.
///
/// A server takes [`Settings`]. A device can take `Option<&'static Terms>`, so that what a person
/// said stays in flash: there a level says everything or nothing.
pub trait Level<T: Borrow<Terms>>: Copy + Debug + PartialEq {
    /// Nothing: everything comes from the next level.
    const NONE: Self;

    /// What this level says, completed by the next level.
    #[must_use]
    fn or(self, next: Self) -> Self;

    /// What it says as a job carries it: what is still open takes the built-in value.
    fn resolve(self) -> T;
}

impl Level<Terms> for Settings {
    const NONE: Self = Self::NONE;

    fn or(self, next: Self) -> Self {
        self.or(next)
    }

    fn resolve(self) -> Terms {
        self.resolve()
    }
}

impl Level<&'static Terms> for Option<&'static Terms> {
    const NONE: Self = None;

    fn or(self, next: Self) -> Self {
        self.or(next)
    }

    fn resolve(self) -> &'static Terms {
        self.unwrap_or(&Terms::DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_comes_from_the_first_level_that_has_it() {
        let job = Settings { priority: Priority::new(1), ..Settings::NONE };
        let schedule = Settings { max_rescues: Some(9), ..Settings::NONE };
        let task =
            Settings { priority: Priority::new(7), retry: Some(Retry::times(2)), ..schedule };
        let terms = job.or(schedule).or(task).resolve();
        assert_eq!(terms.priority.number(), 1);
        assert_eq!((terms.max_rescues, terms.retry.max), (9, 2));
        assert_eq!(terms.timeout, Timeout::Never);
    }

    #[test]
    fn linear_backoff_grows_evenly_up_to_its_maximum() {
        let backoff = Backoff::Linear { first: Span::from_secs(2), max: Span::from_secs(9) };
        let secs = |retry| backoff.delay(retry).as_micros() / 1_000_000;
        assert_eq!((secs(1), secs(2), secs(4), secs(5), secs(u16::MAX)), (2, 4, 8, 9, 9));
    }

    #[test]
    fn jitter_shortens_a_wait_by_no_more_than_its_share() {
        let mut dice = Dice::seeded(1);
        let wait = Span::from_secs(100);
        let retry = Retry { backoff: Backoff::Fixed(wait), jitter: 25, ..Retry::times(1) };
        let waits: [Span; 64] = core::array::from_fn(|_| retry.delay(1, &mut dice));
        assert!(waits.iter().all(|&one| one <= wait && one >= Span::from_secs(75)));
        assert!(waits.iter().any(|&one| one < Span::from_secs(80)));
        let none = Retry { jitter: 0, ..retry };
        assert_eq!(none.delay(1, &mut dice), wait);
        let all = Retry { jitter: u8::MAX, ..retry };
        assert!((0..64).all(|_| all.delay(1, &mut dice) >= Span::ZERO));
    }

    #[test]
    fn exponential_backoff_doubles_up_to_its_maximum() {
        let backoff = Backoff::Exponential { first: Span::from_secs(2), max: Span::from_mins(1) };
        let secs = |retry| backoff.delay(retry).as_micros() / 1_000_000;
        assert_eq!((secs(1), secs(2), secs(5), secs(6), secs(u16::MAX)), (2, 4, 32, 60, 60));
        assert_eq!(Backoff::Fixed(Span::from_secs(-1)).delay(1), Span::ZERO);
    }
}
