//! Errors by which a task says what shall follow.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use mainspring_core::retry::Ask;
use mainspring_core::time::{Span, Timestamp};

use crate::clock;

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
pub struct Snooze(Span);

impl Snooze {
    /// For this long.
    pub fn after(wait: Duration) -> Self {
        Self(Span::from(wait))
    }

    /// Until this instant, by this node's clock; one that has passed means at once.
    pub fn until(at: Timestamp) -> Self {
        Self(at.since(clock::wall()).max(Span::ZERO))
    }
}

impl fmt::Display for Snooze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asks to be called again in {}", self.0)
    }
}

impl Error for Snooze {}

/// What a task asks for that returned this error.
pub(crate) fn asked(error: &(dyn Error + 'static)) -> Ask {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<GiveUp>() {
            return Ask::GiveUp;
        }
        if let Some(RetryAfter { after, .. }) = error.downcast_ref() {
            return Ask::RetryAfter(Span::from(*after));
        }
        if let Some(Snooze(span)) = error.downcast_ref() {
            return Ask::Snooze(*span);
        }
        next = error.source();
    }
    Ask::Nothing
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
        assert_eq!(asked(&plain), Ask::Nothing);
        assert_eq!(asked(&While(GiveUp::because(plain).into())), Ask::GiveUp);
        let later = RetryAfter::new(minute, "busy");
        assert_eq!(later.to_string(), "busy");
        assert_eq!(asked(&later), Ask::RetryAfter(Span::from_mins(1)));
        let snooze = While(Box::new(Snooze::after(minute)));
        assert_eq!(asked(&snooze), Ask::Snooze(Span::from_mins(1)));
        assert_eq!(asked(&Snooze::until(Timestamp::MIN)), Ask::Snooze(Span::ZERO));
    }
}
