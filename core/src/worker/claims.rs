//! The claims that are under way.
//!
//! As a rule it is one: what it brings says whether another is worth sending. Where whole batches
//! wait, the next one is asked for before the last has come, so that a store that can do two things
//! at once does. Other than in whole batches this would only make two small claims of one.

use crate::domain::Domain;
use crate::id::Ticket;
use crate::note::{Notable, Note};
use crate::time::Mono;

/// At most two claims, the one that was sent first in front.
pub(super) struct Claims<D: Domain> {
    first: Option<Claim>,
    /// Only where the store is remote.
    beside: D::Note<Beside>,
}

/// A claim that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) ticket: Ticket,
    /// The epoch of the horizon in which it was sent.
    pub(super) epoch: u32,
    /// When it was sent.
    pub(super) sent: Mono,
}

/// What has to be known for a second claim beside the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beside {
    /// The claim that was answered last has brought a whole batch: there may be more.
    plenty: bool,
    /// How many places of the window each claim takes besides those that become free with it.
    taken: [u32; 2],
    second: Option<Claim>,
}

impl Notable for Beside {
    const NOTHING: Self = Self { plenty: false, taken: [0; 2], second: None };
}

impl<D: Domain> Claims<D> {
    /// No claim.
    pub(super) const NONE: Self = Self { first: None, beside: Note::EMPTY };

    /// Adds one for `max` jobs, with which so many places become `freed`.
    pub(super) fn add(&mut self, claim: Claim, max: u32, freed: u32) {
        let is_second = self.first.is_some();
        if !is_second {
            self.first = Some(claim);
        }
        if !D::OFFER.remote {
            return;
        }
        let mut beside = self.beside.value();
        if is_second {
            beside.second = Some(claim);
        }
        beside.taken[usize::from(is_second)] = max - freed;
        self.beside = D::Note::of(beside);
    }

    /// The claim of this ticket has brought so many jobs, of at most `batch`; when it was sent, in
    /// epochs of the horizon, if it is one of these.
    pub(super) fn answered(&mut self, ticket: Ticket, count: u32, batch: u32) -> Option<u32> {
        let asked = |claim: &Claim| claim.ticket == ticket;
        let first = self.first.filter(asked);
        if !D::OFFER.remote {
            self.first = self.first.filter(|claim| !asked(claim));
            return first.map(|claim| claim.epoch);
        }
        let mut beside = self.beside.value();
        let claim = first.or_else(|| beside.second.filter(asked))?;
        if first.is_some() {
            self.first = beside.second;
            beside.taken[0] = beside.taken[1];
        }
        (beside.second, beside.taken[1]) = (None, 0);
        beside.plenty = count >= batch;
        self.beside = D::Note::of(beside);
        Some(claim.epoch)
    }

    /// For how many jobs another claim has to ask at least, if none asks for more than `batch`;
    /// `None`: no other may be sent.
    pub(super) fn least(&self, batch: u32) -> Option<u32> {
        if self.first.is_none() {
            return Some(1);
        }
        if !D::OFFER.remote {
            return None;
        }
        let Beside { plenty, second, .. } = self.beside.value();
        (plenty && second.is_none()).then_some(batch)
    }

    /// How many places of the window are to be left to them.
    pub(super) fn taken(&self) -> u32 {
        if D::OFFER.remote { self.beside.value().taken.iter().sum() } else { 0 }
    }

    /// When the first of them was sent: no lease that they bring began earlier.
    pub(super) fn sent(&self) -> Option<Mono> {
        self.first.map(|claim| claim.sent)
    }

    /// Nothing is known of when they were sent but that it was after `sent`.
    pub(super) fn are_from(&mut self, sent: Mono) {
        if let Some(claim) = &mut self.first {
            claim.sent = sent;
        }
        if !D::OFFER.remote {
            return;
        }
        let mut beside = self.beside.value();
        if let Some(claim) = &mut beside.second {
            claim.sent = sent;
            self.beside = D::Note::of(beside);
        }
    }
}
