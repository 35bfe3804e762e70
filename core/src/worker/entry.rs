//! A claimed job on this node.

use super::Output;
use crate::dice::Dice;
use crate::domain::Domain;
use crate::id::Ticket;
use crate::job::Job;
use crate::lease::LeaseTerms;
use crate::outcome::Outcome;
use crate::retry::{Ask, Verdict, verdict_within};
use crate::table::Keyed;
use crate::time::{Mono, Now};
use crate::verb::{Ended, Renew, Retry, Settle};

/// A claimed job in the worker's window.
#[derive(Clone, Debug)]
pub struct Entry<D: Domain> {
    pub(super) job: Job<D>,
    /// Jobs start in the order in which the store gave them.
    pub(super) order: u32,
    /// When the request was sent on which the lease rests.
    pub(super) sent: Mono,
    /// The renewal that is under way, and when it was sent.
    pub(super) renewing: Option<(Ticket, Mono)>,
    /// When to renew; moves when a renewal fails.
    pub(super) renew_at: Mono,
    pub(super) phase: Phase<D>,
}

impl<D: Domain> Keyed for Entry<D> {
    type Key = D::JobId;
    fn key(&self) -> &D::JobId {
        &self.job.id
    }
}

/// Where a claimed job stands on this node.
#[derive(Clone, Debug)]
pub(super) enum Phase<D: Domain> {
    /// Not started.
    Claimed,
    /// Started.
    Running { timeout_at: Option<Mono> },
    /// To be aborted; `told` once the executor knows.
    Aborting { why: Outcome, told: bool },
    /// Ended, or not started and going back (`None`); to be written down, or being written.
    Ending { ended: Option<(Ended<D>, Ask)>, under_way: Option<Ticket> },
}

impl<D: Domain> Entry<D> {
    /// The store has been told to stop it; says whether that is news.
    pub(super) fn cancel(&mut self) -> bool {
        self.phase = match self.phase {
            Phase::Claimed => Phase::Ending { ended: None, under_way: None },
            Phase::Running { .. } => Phase::Aborting { why: Outcome::Cancelled, told: false },
            Phase::Aborting { .. } | Phase::Ending { .. } => return false,
        };
        true
    }

    pub(super) fn renew(
        &mut self,
        ticket: Ticket,
        terms: LeaseTerms,
        now: Now,
    ) -> Option<Output<D>> {
        if !D::OFFER.renews() || self.renewing.is_some() || now.mono < self.renew_at {
            return None;
        }
        self.renewing = Some((ticket, now.mono));
        let (job, token) = (self.job.id.clone(), self.job.token);
        Some(Output::Renew { ticket, renew: Renew { job, token, lease_for: terms.lease_for } })
    }
}

/// What is asked of the store for a run that has ended.
pub(super) fn write_down<D: Domain>(
    job: &Job<D>,
    ticket: Ticket,
    (mut ended, ask): (Ended<D>, Ask),
    dice: &mut Dice,
) -> Output<D> {
    let (id, token) = (job.id.clone(), job.token);
    match verdict_within(D::OFFER, (ended.outcome, ask), job.counts, job.terms(), dice) {
        Verdict::Again { after, cause } => {
            Output::Retry { ticket, retry: Retry { job: id, token, after, cause, ended } }
        }
        Verdict::Settle(outcome) => {
            ended.outcome = outcome;
            Output::Settle { ticket, settle: Settle { job: id, token, ended } }
        }
    }
}
