//! A claimed job on this node.

use core::borrow::Borrow;

use super::Output;
use crate::dice::Dice;
use crate::domain::Domain;
use crate::id::{Ticket, Token};
use crate::job::Job;
use crate::lease::LeaseTerms;
use crate::note::{Notable, Note};
use crate::outcome::Outcome;
use crate::retry::{Ask, Counts, Verdict, verdict_within};
use crate::table::Keyed;
use crate::time::{Mono, Now};
use crate::verb::{Ended, Renew, Retry, Settle};

/// A claimed job in the worker's window.
#[derive(Clone, Debug)]
pub struct Entry<D: Domain> {
    pub(super) id: D::JobId,
    pub(super) token: Token,
    pub(super) terms: D::Terms,
    /// How its attempts ended before this one.
    pub(super) counts: Counts,
    /// Its schedule, if that hears of its end.
    pub(super) watched_by: Option<D::ScheduleId>,
    /// Jobs start in the order in which the store gave them.
    pub(super) order: u32,
    trust: D::Note<Trust>,
    pub(super) phase: Phase<D>,
}

/// What this node trusts in: not in a domain without renewals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trust {
    /// When the request was sent on which the lease rests.
    pub(super) sent: Mono,
    /// The renewal that is under way, and when it was sent.
    pub(super) renewing: Option<(Ticket, Mono)>,
    /// When to renew; moves when a renewal fails.
    pub(super) renew_at: Mono,
}

impl Notable for Trust {
    const NOTHING: Self = Self { sent: Mono::ZERO, renewing: None, renew_at: Mono::ZERO };
}

impl<D: Domain> Keyed for Entry<D> {
    type Key = D::JobId;
    fn key(&self) -> &D::JobId {
        &self.id
    }
}

/// Where a claimed job stands on this node.
#[derive(Clone, Debug)]
pub(super) enum Phase<D: Domain> {
    /// Not started: the job itself, which leaves with the order to run it.
    Claimed(Job<D>),
    /// Started.
    Running { timeout_at: Option<Mono> },
    /// To be aborted; `told` once the executor knows.
    Aborting { why: Outcome, told: bool },
    /// Ended, or not started and going back (`None`); to be written down, or being written.
    Ending { ended: Option<(Ended<D>, Ask)>, under_way: Option<Ticket> },
}

impl<D: Domain> Entry<D> {
    /// A job that a claim has brought, in the order of claims.
    pub(super) fn new(job: Job<D>, order: u32, trust: Trust) -> Self {
        Self {
            id: job.id.clone(),
            token: job.token,
            terms: job.terms,
            counts: job.counts,
            watched_by: if job.watched { job.schedule.clone() } else { None },
            order,
            trust: D::Note::of(trust),
            phase: Phase::Claimed(job),
        }
    }

    pub(super) fn trust(&self) -> Trust {
        self.trust.value()
    }

    pub(super) fn change_trust(&mut self, change: impl FnOnce(&mut Trust)) {
        let mut trust = self.trust();
        change(&mut trust);
        self.trust = D::Note::of(trust);
    }

    /// It is renewed at once, whatever is under way, which may have been judged before.
    pub(super) fn verify(&mut self) {
        self.change_trust(|trust| (trust.renewing, trust.renew_at) = (None, Mono::ZERO));
    }

    /// The store has been told to stop it; says whether that is news.
    pub(super) fn cancel(&mut self) -> bool {
        self.phase = match self.phase {
            Phase::Claimed(_) => Phase::Ending { ended: None, under_way: None },
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
        let Trust { renewing, renew_at, .. } = self.trust();
        if !D::OFFER.renews() || renewing.is_some() || now.mono < renew_at {
            return None;
        }
        self.change_trust(|trust| trust.renewing = Some((ticket, now.mono)));
        let (job, token) = (self.id.clone(), self.token);
        Some(Output::Renew { ticket, renew: Renew { job, token, lease_for: terms.lease_for } })
    }
}

/// What is asked of the store for a run that has ended.
pub(super) fn write_down<D: Domain>(
    entry: &Entry<D>,
    ticket: Ticket,
    (mut ended, ask): (Ended<D>, Ask),
    dice: &mut Dice,
) -> Output<D> {
    let (id, token) = (entry.id.clone(), entry.token);
    let terms = entry.terms.borrow();
    match verdict_within(D::OFFER, (ended.outcome, ask), entry.counts, terms, dice) {
        Verdict::Again { after, cause } => {
            Output::Retry { ticket, retry: Retry { job: id, token, after, cause, ended } }
        }
        Verdict::Settle(outcome) => {
            ended.outcome = outcome;
            Output::Settle { ticket, settle: Settle { job: id, token, ended } }
        }
    }
}
