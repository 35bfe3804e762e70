//! Again, when, or never: what follows an attempt.
//!
//! Failures and rescues are counted and bounded separately: a job whose node died has not failed.

use crate::outcome::Outcome;
use crate::settings::Terms;
use crate::time::Span;

/// How often a job's attempts ended without settling it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Attempts that failed, panicked or timed out.
    pub failures: u16,
    /// Attempts whose node was lost.
    pub rescues: u16,
}

/// Which count an attempt that is made again adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The attempt failed.
    Failure,
    /// The attempt's node was lost.
    Loss,
    /// The node was asked to stop; this counts as nothing.
    Stop,
}

impl Counts {
    /// The counts after one more attempt ended with this cause.
    #[must_use]
    pub const fn plus(self, cause: Cause) -> Self {
        match cause {
            Cause::Failure => Self { failures: self.failures.saturating_add(1), ..self },
            Cause::Loss => Self { rescues: self.rescues.saturating_add(1), ..self },
            Cause::Stop => self,
        }
    }
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The job waits for another attempt.
    Again {
        /// How long to wait first.
        after: Span,
        /// What is counted.
        cause: Cause,
    },
    /// The job is over, with this outcome.
    Settle(Outcome),
}

/// What follows an attempt that ended with `outcome`, given what went before.
pub fn verdict(outcome: Outcome, counts: Counts, terms: &Terms) -> Verdict {
    match outcome {
        Outcome::Succeeded
        | Outcome::Cancelled
        | Outcome::Undecodable
        | Outcome::Expired
        | Outcome::Abandoned => Verdict::Settle(outcome),
        Outcome::Failed | Outcome::Panicked | Outcome::TimedOut => {
            if counts.failures < terms.retry.max {
                let after = terms.retry.backoff.delay(counts.failures + 1);
                Verdict::Again { after, cause: Cause::Failure }
            } else {
                Verdict::Settle(outcome)
            }
        }
        Outcome::Interrupted => Verdict::Again { after: Span::ZERO, cause: Cause::Stop },
        Outcome::LeaseLost => {
            if counts.rescues < terms.max_rescues {
                Verdict::Again { after: Span::ZERO, cause: Cause::Loss }
            } else {
                Verdict::Settle(Outcome::Abandoned)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Retry, Settings};

    fn terms(retries: u16, rescues: u16) -> Terms {
        let retry = Some(Retry::times(retries));
        Settings { retry, max_rescues: Some(rescues), ..Settings::NONE }.resolve()
    }

    #[test]
    fn attempts_are_bounded_for_each_cause_separately() {
        let terms = terms(2, 1);
        let mut counts = Counts::default();
        let mut failures = 0;
        while let Verdict::Again { cause, .. } = verdict(Outcome::Failed, counts, &terms) {
            counts = counts.plus(cause);
            failures += 1;
        }
        assert_eq!(failures, 2);
        let mut losses = 0;
        while let Verdict::Again { cause, .. } = verdict(Outcome::LeaseLost, counts, &terms) {
            counts = counts.plus(cause);
            losses += 1;
        }
        assert_eq!((losses, counts), (1, Counts { failures: 2, rescues: 1 }));
    }

    #[test]
    fn each_failure_waits_longer() {
        let terms = terms(3, 0);
        let ready = |failures| {
            let counts = Counts { failures, rescues: 0 };
            verdict(Outcome::TimedOut, counts, &terms)
        };
        let again = |secs| Verdict::Again { after: Span::from_secs(secs), cause: Cause::Failure };
        assert_eq!((ready(0), ready(1), ready(2)), (again(1), again(2), again(4)));
        assert_eq!(ready(3), Verdict::Settle(Outcome::TimedOut));
    }

    #[test]
    fn a_stop_counts_as_nothing_and_a_success_is_final() {
        let terms = terms(0, 0);
        let stop = verdict(Outcome::Interrupted, Counts::default(), &terms);
        assert_eq!(stop, Verdict::Again { after: Span::ZERO, cause: Cause::Stop });
        assert_eq!(Counts::default().plus(Cause::Stop), Counts::default());
        let done = verdict(Outcome::Succeeded, Counts::default(), &terms);
        assert_eq!(done, Verdict::Settle(Outcome::Succeeded));
    }
}
