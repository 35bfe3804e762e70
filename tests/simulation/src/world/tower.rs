//! The store's clock, which everything is judged by, and which operators set.

use std::collections::BTreeSet;

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
    /// Places whose planners have not heard from the store since it was last set back.
    deaf: BTreeSet<usize>,
    /// When the last of them heard, or when it was set back.
    known: Option<Timestamp>,
    /// When it was last set forward.
    forward: Option<Timestamp>,
}

impl Tower {
    pub(super) fn new(ahead: Span) -> Self {
        let deaf = BTreeSet::new();
        Self { ahead, first: ahead, most: ahead, deaf, known: None, forward: None }
    }

    /// Somebody sets it; says by how much. It is never far behind what it has shown: leases last
    /// as much longer, and until then nothing settles. `places` have nodes, which go by what it
    /// showed before.
    pub(super) fn set(
        &mut self,
        at: Timestamp,
        chance: &mut Chance,
        step: Span,
        places: impl Iterator<Item = usize>,
    ) -> Span {
        let to = chance.span(self.most - BACK, self.first + step);
        let by = to - self.ahead;
        if by.is_positive() {
            self.forward = Some(at);
        } else {
            self.deaf.extend(places);
            self.known = Some(at);
        }
        self.ahead = to;
        self.most = self.most.max(to);
        by
    }

    /// The planner at a place knows what this clock shows, or there is none.
    pub(super) fn heard(&mut self, place: usize, at: Timestamp) {
        if self.deaf.remove(&place) {
            self.known = Some(at);
        }
    }

    pub(super) fn ahead(&self) -> Span {
        self.ahead
    }

    /// What checkers are told of an instant.
    pub(super) fn moment(&self, at: Timestamp) -> Moment {
        let lately = self.known.is_some_and(|known| at.since(known) < LATELY);
        let lately = lately || !self.deaf.is_empty();
        let set_back = if lately { self.most - self.ahead } else { Span::ZERO };
        Moment { at, store: at + self.ahead, set_back, set_forward: self.forward }
    }
}

/// How far it may be behind what it has shown.
const BACK: Span = Span::from_secs(40);

/// By then what a node decided before it heard has come to the store, or never will.
const LATELY: Span = Span::from_secs(150);
