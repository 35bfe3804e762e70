//! Errors by which a task says what shall follow.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use mainspring_core::retry::Ask;
use mainspring_core::time::{Span, Timestamp};

type Cause = Box<dyn Error + Send + Sync>;

/// The task has failed, and trying again cannot help: the job is over, however many retries are
/// left.
///
/// Like [`RetryAfter`] and [`Snooze`] it is recognised where a task returns it, and also as the
/// source of another error.
///
/// ```
/// use mainspring::{Context, GiveUp};
/// type Failure = Box<dyn std::error::Error + Send + Sync>;
/// async fn charge(card: String, _: Context) -> Result<(), Failure> {
///     let number: u64 = card.parse().map_err(GiveUp::because)?;
///     if number == 0 {
///         return Err(GiveUp::because("the bank does not know the card").into());
///     }
///     Ok(())
/// }
/// # let _ = charge;
/// ```
#[derive(Debug)]
pub struct GiveUp(Cause);

impl GiveUp {
    /// For this reason.
    pub fn because(error: impl Into<Cause>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for GiveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for GiveUp {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The task has failed; if there is a further attempt, it comes after this wait instead of the
/// usual one.
///
/// ```
/// use core::time::Duration;
/// use mainspring::{Context, RetryAfter};
/// async fn fetch((): (), _: Context) -> Result<(), RetryAfter> {
///     Err(RetryAfter::new(Duration::from_secs(120), "too many requests"))
/// }
/// # let _ = fetch;
/// ```
#[derive(Debug)]
pub struct RetryAfter {
    after: Duration,
    error: Cause,
}

impl RetryAfter {
    /// After this wait, and for this reason.
    pub fn new(after: Duration, error: impl Into<Cause>) -> Self {
        Self { after, error: error.into() }
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for RetryAfter {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// The task cannot do its work yet and wants to be called again later. That is no failure and is
/// counted as nothing, so a task may do so any number of times.
///
/// ```
/// use core::time::Duration;
/// use mainspring::{Context, Snooze};
/// async fn import((): (), _: Context) -> Result<(), Snooze> {
///     let there = std::fs::exists("/no/such/file").unwrap_or(false);
///     if there { Ok(()) } else { Err(Snooze::after(Duration::from_secs(60))) }
/// }
/// # let _ = import;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snooze(Wait);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    For(Span),
    Until(Timestamp),
}

impl Snooze {
    /// For this long.
    pub fn after(wait: Duration) -> Self {
        Self(Wait::For(Span::from(wait)))
    }

    /// Until this instant, by the clock of the scheduler that runs the task; one that has passed
    /// means at once.
    pub const fn until(at: Timestamp) -> Self {
        Self(Wait::Until(at))
    }
}

impl fmt::Display for Snooze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Wait::For(span) => write!(f, "asks to be called again in {span}"),
            Wait::Until(at) => write!(f, "asks to be called again at {at}"),
        }
    }
}

impl Error for Snooze {}

/// What a run asks for, beyond what its outcome says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// What the job's settings say.
    #[default]
    Nothing,
    /// No further attempt: [`GiveUp`].
    GiveUp,
    /// If there is a further attempt, after this span instead of the usual wait: [`RetryAfter`].
    RetryAfter(Span),
    /// Another attempt after this span, which counts as nothing: [`Snooze::after`].
    Snooze(Span),
    /// Another attempt at this instant, which counts as nothing: [`Snooze::until`].
    SnoozeUntil(Timestamp),
}

impl Asked {
    /// What a task asks for that returned this error.
    pub(crate) fn by(error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if error.is::<GiveUp>() {
                return Self::GiveUp;
            }
            if let Some(RetryAfter { after, .. }) = error.downcast_ref() {
                return Self::RetryAfter(Span::from(*after));
            }
            match error.downcast_ref() {
                Some(Snooze(Wait::For(span))) => return Self::Snooze(*span),
                Some(Snooze(Wait::Until(at))) => return Self::SnoozeUntil(*at),
                None => next = error.source(),
            }
        }
        Self::Nothing
    }

    /// The same as a span, for a run that ends `now`.
    pub(crate) fn at(self, now: Timestamp) -> Ask {
        match self {
            Self::Nothing => Ask::Nothing,
            Self::GiveUp => Ask::GiveUp,
            Self::RetryAfter(span) => Ask::RetryAfter(span),
            Self::Snooze(span) => Ask::Snooze(span),
            Self::SnoozeUntil(at) => Ask::Snooze(at.since(now).max(Span::ZERO)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something that a task adds to an error.
    #[derive(Debug)]
    struct While(Cause);

    impl fmt::Display for While {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("while importing")
        }
    }

    impl Error for While {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    #[test]
    fn what_is_asked_for_is_found_in_the_chain_of_sources() {
        let minute = Duration::from_secs(60);
        let plain = While("no water".into());
        assert_eq!(Asked::by(&plain), Asked::Nothing);
        assert_eq!(Asked::by(&While(GiveUp::because(plain).into())), Asked::GiveUp);
        let later = RetryAfter::new(minute, "busy");
        assert_eq!(later.to_string(), "busy");
        assert_eq!(Asked::by(&later), Asked::RetryAfter(Span::from_mins(1)));
        let snooze = While(Box::new(Snooze::after(minute)));
        assert_eq!(Asked::by(&snooze), Asked::Snooze(Span::from_mins(1)));
        let until = |at| Asked::by(&While(Box::new(Snooze::until(at))));
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(until(now + Span::from_mins(2)).at(now), Ask::Snooze(Span::from_mins(2)));
        assert_eq!(until(Timestamp::MIN).at(now), Ask::Snooze(Span::ZERO));
    }
}
