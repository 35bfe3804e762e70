//! Again, when, or never: what follows an attempt.
//!
//! Failures and rescues are counted and bounded separately: a job whose node died has not failed.

use crate::dice::Dice;
use crate::offer::Offer;
use crate::outcome::Outcome;
use crate::settings::Terms;
use crate::time::Span;

/// How often a job's attempts ended without settling it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Counts {
    /// Attempts that failed, panicked or timed out.
    pub failures: u16,
    /// Attempts whose node was lost.
    pub rescues: u16,
}

/// Which count an attempt that is made again adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Cause {
    /// The attempt failed.
    Failure,
    /// The attempt's node was lost.
    Loss,
    /// The node was asked to stop; this counts as nothing.
    Stop,
    /// The task asked for it; this counts as nothing.
    Snooze,
}

/// What a task that ended asks for, beyond what its outcome says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ask {
    /// What the job's settings say.
    #[default]
    Nothing,
    /// No further attempt: trying again cannot help.
    GiveUp,
    /// If there is a further attempt, after this span instead of the usual wait.
    RetryAfter(Span),
    /// Another attempt after this span. It was no failure and is counted as nothing, so a task may
    /// ask for it any number of times.
    Snooze(Span),
}

impl Counts {
    /// The counts after one more attempt ended with this cause.
    #[must_use]
    pub const fn plus(self, cause: Cause) -> Self {
        match cause {
            Cause::Failure => Self { failures: self.failures.saturating_add(1), ..self },
            Cause::Loss => Self { rescues: self.rescues.saturating_add(1), ..self },
            Cause::Stop | Cause::Snooze => self,
        }
    }
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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

/// What follows an attempt that ended with `outcome` and asked for something, given what went
/// before. Only failures and snoozes are asked about.
pub fn verdict(
    outcome: Outcome,
    ask: Ask,
    counts: Counts,
    terms: &Terms,
    dice: &mut Dice,
) -> Verdict {
    verdict_within(Offer::EVERYTHING, (outcome, ask), counts, terms, dice)
}

/// The same in a domain with this offer.
#[inline]
pub(crate) fn verdict_within(
    offer: Offer,
    (outcome, ask): (Outcome, Ask),
    counts: Counts,
    terms: &Terms,
    dice: &mut Dice,
) -> Verdict {
    match outcome {
        Outcome::Succeeded
        | Outcome::Cancelled
        | Outcome::Undecodable
        | Outcome::Expired
        | Outcome::Abandoned => Verdict::Settle(outcome),
        Outcome::Failed | Outcome::Panicked | Outcome::TimedOut => {
            if counts.failures >= terms.retry.max || ask == Ask::GiveUp {
                return Verdict::Settle(outcome);
            }
            let after = match ask {
                Ask::RetryAfter(span) => span.max(Span::ZERO),
                _ => terms.retry.wait(counts.failures + 1, dice, offer),
            };
            Verdict::Again { after, cause: Cause::Failure }
        }
        Outcome::Snoozed => {
            let after = if let Ask::Snooze(span) = ask { span.max(Span::ZERO) } else { Span::ZERO };
            Verdict::Again { after, cause: Cause::Snooze }
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

    fn judged(outcome: Outcome, counts: Counts, terms: &Terms) -> Verdict {
        verdict(outcome, Ask::Nothing, counts, terms, &mut Dice::seeded(0))
    }

    fn terms(retries: u16, rescues: u16) -> Terms {
        let retry = Some(Retry::times(retries));
        Settings { retry, max_rescues: Some(rescues), ..Settings::NONE }.resolve()
    }

    #[test]
    fn attempts_are_bounded_for_each_cause_separately() {
        let terms = terms(2, 1);
        let mut counts = Counts::default();
        let mut failures = 0;
        while let Verdict::Again { cause, .. } = judged(Outcome::Failed, counts, &terms) {
            counts = counts.plus(cause);
            failures += 1;
        }
        assert_eq!(failures, 2);
        let mut losses = 0;
        while let Verdict::Again { cause, .. } = judged(Outcome::LeaseLost, counts, &terms) {
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
            judged(Outcome::TimedOut, counts, &terms)
        };
        let again = |secs| Verdict::Again { after: Span::from_secs(secs), cause: Cause::Failure };
        assert_eq!((ready(0), ready(1), ready(2)), (again(1), again(2), again(4)));
        assert_eq!(ready(3), Verdict::Settle(Outcome::TimedOut));
    }

    #[test]
    fn a_stop_counts_as_nothing_and_a_success_is_final() {
        let terms = terms(0, 0);
        let stop = judged(Outcome::Interrupted, Counts::default(), &terms);
        assert_eq!(stop, Verdict::Again { after: Span::ZERO, cause: Cause::Stop });
        assert_eq!(Counts::default().plus(Cause::Stop), Counts::default());
        let done = judged(Outcome::Succeeded, Counts::default(), &terms);
        assert_eq!(done, Verdict::Settle(Outcome::Succeeded));
    }

    #[test]
    fn a_task_has_the_last_word_on_its_failure() {
        let terms = terms(1, 0);
        let mut dice = Dice::seeded(0);
        let mut ask = |outcome, ask, failures| {
            verdict(outcome, ask, Counts { failures, rescues: 0 }, &terms, &mut dice)
        };
        let after = Span::from_secs(30);
        assert_eq!(ask(Outcome::Failed, Ask::GiveUp, 0), Verdict::Settle(Outcome::Failed));
        let later = Verdict::Again { after, cause: Cause::Failure };
        assert_eq!(ask(Outcome::Failed, Ask::RetryAfter(after), 0), later);
        // Asking for a wait does not buy another attempt.
        let last = ask(Outcome::Failed, Ask::RetryAfter(after), 1);
        assert_eq!(last, Verdict::Settle(Outcome::Failed));
        let snoozed = Verdict::Again { after, cause: Cause::Snooze };
        assert_eq!(ask(Outcome::Snoozed, Ask::Snooze(after), 1), snoozed);
        assert_eq!(Counts::default().plus(Cause::Snooze), Counts::default());
    }
}
