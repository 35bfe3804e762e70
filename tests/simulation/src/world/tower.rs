//! The store's clock, which everything is judged by, and which operators set.

use mainspring_core::time::{Span, Timestamp};

use crate::chance::Chance;
use crate::fact::Moment;

/// A clock that is off, and is set.
#[derive(Debug)]
pub(super) struct Tower {
    ahead: Span,
    /// How far it was ahead at first, and at most.
    first: Span,
    most: Span,
    /// When it was last set back, and forward.
    back: Option<Timestamp>,
    forward: Option<Timestamp>,
}

impl Tower {
    pub(super) fn new(ahead: Span) -> Self {
        Self { ahead, first: ahead, most: ahead, back: None, forward: None }
    }

    /// Somebody sets it; says by how much. It is never far behind what it has shown: leases last
    /// as much longer, and until then nothing settles.
    pub(super) fn set(&mut self, at: Timestamp, chance: &mut Chance, step: Span) -> Span {
        let to = chance.span(self.most - BACK, self.first + step);
        let by = to - self.ahead;
        let last = if by.is_positive() { &mut self.forward } else { &mut self.back };
        *last = Some(at);
        self.ahead = to;
        self.most = self.most.max(to);
        by
    }

    pub(super) fn ahead(&self) -> Span {
        self.ahead
    }

    /// What checkers are told of an instant.
    pub(super) fn moment(&self, at: Timestamp) -> Moment {
        let lately = self.back.is_some_and(|back| at.since(back) < LATELY);
        let set_back = if lately { self.most - self.ahead } else { Span::ZERO };
        Moment { at, store: at + self.ahead, set_back, set_forward: self.forward }
    }
}

/// How far it may be behind what it has shown.
const BACK: Span = Span::from_secs(40);

/// By then everybody has heard of it: longer than nodes are away and requests are under way.
const LATELY: Span = Span::from_secs(150);
