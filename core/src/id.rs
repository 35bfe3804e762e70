//! Numbers that tell one version, one claim or one request from the next.

use core::fmt;

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub struct $name($inner);

        impl $name {
            /// The value with this number, as read back from a store.
            pub const fn new(number: $inner) -> Self {
                Self(number)
            }

            /// The number, as kept in a store.
            pub const fn number(self) -> $inner {
                self.0
            }

            /// The value that follows this one; wraps after the largest.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.wrapping_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter! {
    /// Fences one claim of a job off from every other: each claim raises it, and a write that
    /// carries an older token changes nothing. Zero means never claimed.
    Token(u32)
}

counter! {
    /// The version of a schedule: each put, pause, resume and advance raises it.
    Revision(u32)
}

impl Revision {
    /// The version after a put, which may move the cursor to where a decision on this one would:
    /// it is not the next one, so that none is taken for what has led there.
    #[must_use]
    pub const fn after_put(self) -> Self {
        self.next().next()
    }
}

counter! {
    /// The version of everything that people configure in one store: it rises with each change of
    /// a schedule or a task, so that a node notices without any broker.
    ConfigRevision(u64)
}

/// Names one output of a machine; the reply to that output quotes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(target_pointer_width = "32", repr(packed(4)))]
pub struct Ticket(
    /// The number and, in the upper half, the slot of what the output is about, so that nobody has
    /// to search for it. In one word, because tickets are written and read all the time.
    u64,
);

impl Ticket {
    /// The one before the first.
    pub(crate) const ZERO: Self = Self(0);

    /// How many outputs of the machine came before this one, modulo 2³².
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    pub const fn number(self) -> u32 {
        self.0 as u32
    }

    /// The ticket that follows this one; wraps after 2³².
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        Self(self.number().wrapping_add(1) as u64)
    }

    /// The same ticket for an output about what is in this slot.
    #[must_use]
    pub(crate) fn about(self, slot: usize) -> Self {
        Self(u64::from(self.number()) | (slot as u64) << 32)
    }

    /// The slot.
    pub(crate) const fn slot(self) -> usize {
        (self.0 >> 32) as usize
    }
}
