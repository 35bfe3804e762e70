//! What daylight saving does to a fixed wall time: policy, stated and stored with the trigger.

use core::fmt;

/// What becomes of a fixed wall time that clocks skip or show twice.
///
/// It applies to *fixed* times only. A cron pattern whose minute or hour is a wildcard or stepped
/// (`*`, `*/15`) *flows*: it fires whenever a clock shows a matching time, so in a gap nothing is
/// added and in a fold both passes count, whatever the policy.
///
/// | wall time | [`ONCE`](Self::ONCE) (default) | [`LITERAL`](Self::LITERAL) |
/// |---|---|---|
/// | fixed, in a gap | once, when the gap ends | skipped |
/// | fixed, in a fold | on the first pass | on both |
/// | flowing | every elapsed slot | every elapsed slot |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Dst {
    /// When clocks go forward over the time.
    pub gap: Gap,
    /// When clocks go back to before the time.
    pub fold: Fold,
}

/// What becomes of a fixed wall time that clocks skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Gap {
    /// No fire.
    Skip,
    /// One fire when the gap ends, for all times within it.
    AtEnd,
    /// A fire as much later as the gap is long: 02:30 becomes 03:30.
    Shift,
}

/// What becomes of a fixed wall time that clocks show twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fold {
    /// A fire on the first pass, which is summer time.
    First,
    /// A fire on the second pass.
    Second,
    /// A fire on each.
    Both,
}

impl Dst {
    /// Each fixed time once: at the end of a gap, on the first pass of a fold.
    ///
    /// This is what Debian's cron(8) does.
    pub const ONCE: Self = Self { gap: Gap::AtEnd, fold: Fold::First };
    /// Exactly the instants at which a clock shows a matching time.
    pub const LITERAL: Self = Self { gap: Gap::Skip, fold: Fold::Both };
    /// What `literal` means for a [`Calendar`](super::Calendar): skipped times do not fire, and
    /// repeated ones fire on the first pass, because a calendar names each date once.
    pub const LITERAL_CALENDAR: Self = Self { gap: Gap::Skip, fold: Fold::First };
}

impl Dst {
    /// What is unusual about the policy, to follow the description of a fixed time.
    pub(super) fn describe(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.gap {
            Gap::Skip => ", not at times that a clock change skips",
            Gap::AtEnd => "",
            Gap::Shift => ", later by the change at times that a clock change skips",
        })?;
        f.write_str(match self.fold {
            Fold::First => "",
            Fold::Second => ", the second time at times that come twice",
            Fold::Both => ", both times at times that come twice",
        })
    }
}

impl Default for Dst {
    fn default() -> Self {
        Self::ONCE
    }
}
