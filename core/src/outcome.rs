//! How an attempt, or a whole job, ended.

use core::fmt;

/// How an attempt, or a whole job, ended.
///
/// All but [`Interrupted`](Self::Interrupted), [`LeaseLost`](Self::LeaseLost) and
/// [`Snoozed`](Self::Snoozed) can be the last word on a job; these only ever end an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Outcome {
    /// The task did what it should.
    Succeeded,
    /// The task returned an error.
    Failed,
    /// The task panicked.
    Panicked,
    /// The task ran longer than its timeout and was aborted.
    TimedOut,
    /// Somebody cancelled the job.
    Cancelled,
    /// The job could not be read: its arguments do not fit its task.
    Undecodable,
    /// The job had not started when its start deadline passed.
    Expired,
    /// The job was lost with its node more often than it may be rescued.
    Abandoned,
    /// The node stopped while the task ran; the job runs again elsewhere or later.
    Interrupted,
    /// The holder's lease ended without a word from it.
    LeaseLost,
    /// The task asked to be run again later; this counts as nothing.
    Snoozed,
}

impl Outcome {
    /// Every outcome, in the order of their codes.
    pub const ALL: [Self; 11] = [
        Self::Succeeded,
        Self::Failed,
        Self::Panicked,
        Self::TimedOut,
        Self::Cancelled,
        Self::Undecodable,
        Self::Expired,
        Self::Abandoned,
        Self::Interrupted,
        Self::LeaseLost,
        Self::Snoozed,
    ];

    /// The number kept in stores; it never changes its meaning.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The outcome with this code, or `None` if this program knows none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }

    /// Whether a job that ends like this has failed. One that was cancelled, or that expired before
    /// it ran, has not.
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Failed
            | Self::Panicked
            | Self::TimedOut
            | Self::Undecodable
            | Self::Abandoned => true,
            Self::Succeeded
            | Self::Cancelled
            | Self::Expired
            | Self::Interrupted
            | Self::LeaseLost
            | Self::Snoozed => false,
        }
    }

    /// The words for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::Undecodable => "undecodable",
            Self::Expired => "expired",
            Self::Abandoned => "abandoned",
            Self::Interrupted => "interrupted",
            Self::LeaseLost => "lease lost",
            Self::Snoozed => "snoozed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_code_of_its_own() {
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(outcome.code()), index);
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
        assert_eq!(Outcome::from_code(11), None);
    }
}
