//! What becomes of a fire while an earlier job of the same schedule is not over yet.
//!
//! The store decides, in the transaction that advances the schedule, because only it knows which
//! jobs there are at that moment.

/// What becomes of a fire while an earlier job of the same schedule is not over yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Overlap {
    /// It becomes a job all the same; both may run at once.
    #[default]
    Allow,
    /// It is skipped.
    Skip,
    /// It becomes a job that is held until the earlier one is over; if one is held already, it is
    /// skipped.
    Queue,
    /// The earlier ones are cancelled: those that wait are over at once, those that run are told to
    /// stop, and the new job is held until they have.
    Cancel,
}

impl Overlap {
    /// Every policy, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Skip, Self::Queue, Self::Cancel];

    /// The number kept in stores; it never changes its meaning.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The policy with this code, or `None` if this program knows none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.code() == code)
    }

    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Cancel => "cancel",
        }
    }

    /// What becomes of one more fire beside the jobs of its schedule that are not over. `last`: no
    /// later fire follows in the same decision.
    ///
    /// [`Cancel`](Self::Cancel) is asked after the last fire has cancelled what it could: what is
    /// left is leased.
    pub const fn admit(self, live: Live, last: bool) -> Admission {
        match self {
            Self::Allow => Admission::Ready,
            // A later one would cancel it at once.
            Self::Cancel if !last => Admission::Overlapped,
            Self::Skip if live.free + live.held > 0 => Admission::Overlapped,
            Self::Queue | Self::Cancel if live.held > 0 => Admission::Overlapped,
            Self::Queue | Self::Cancel if live.free > 0 => Admission::Held,
            Self::Skip | Self::Queue | Self::Cancel => Admission::Ready,
        }
    }
}

/// How many jobs of a schedule are not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Live {
    /// Waiting for their time, or leased.
    pub free: u32,
    /// Held until the others are over.
    pub held: u32,
}

impl Live {
    /// The same once the store has freed one that is held for nobody any more.
    #[must_use]
    pub const fn settle(self) -> Self {
        if self.free == 0 && self.held > 0 { Self { free: 1, held: self.held - 1 } } else { self }
    }
}

/// How a fire gets into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Admission {
    /// As a job that waits for its time only.
    Ready,
    /// As a job that is held until the others of its schedule are over.
    Held,
    /// Not at all.
    Overlapped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_one_job_is_free_and_one_held_unless_overlap_is_allowed() {
        for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Cancel] {
            let mut live = Live::default();
            for _ in 0..4 {
                match overlap.admit(live, true) {
                    Admission::Ready => live.free += 1,
                    Admission::Held => live.held += 1,
                    Admission::Overlapped => {}
                }
            }
            let held = u32::from(overlap != Overlap::Skip);
            assert_eq!(live, Live { free: 1, held }, "{overlap:?}");
        }
        let crowd = Live { free: 9, held: 0 };
        assert_eq!(Overlap::Allow.admit(crowd, false), Admission::Ready);
        let none = Live::default();
        assert_eq!(Overlap::Cancel.admit(none, false), Admission::Overlapped);
    }

    #[test]
    fn one_that_is_held_for_nobody_is_free() {
        let settled = |free, held| Live { free, held }.settle();
        assert_eq!(settled(0, 2), Live { free: 1, held: 1 });
        assert_eq!(settled(1, 2), Live { free: 1, held: 2 });
        assert_eq!(settled(0, 0), Live::default());
    }

    #[test]
    fn every_policy_has_a_code_of_its_own() {
        for (index, overlap) in Overlap::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(overlap.code()), index);
            assert_eq!(Overlap::from_code(overlap.code()), Some(overlap));
        }
        assert_eq!(Overlap::from_code(4), None);
    }
}
