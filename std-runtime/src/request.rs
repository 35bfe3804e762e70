//! Carries out what the machines ask of the store: many outputs of one verb in one batch.

use core::future::Future;
use std::sync::Arc;

use mainspring_contract::record::{
    Advance, Advanced, ClaimJobs, ClaimSchedules, Job, Quarantine, Release, Renew, Renewed, Rescue,
    Retry, Run, Schedule, Settle, Written,
};
use mainspring_contract::{Answer, NodeId, StoreError, StoreErrorKind, Stored, Tags, TaskId};
use mainspring_core::id::Ticket;
use mainspring_core::limits;
use mainspring_core::planner;
use mainspring_core::time::{Span, Timestamp};

use crate::clock;
use crate::erased::AnyStore;

/// Outputs of both machines that are to be carried out, by verb.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) advance: Vec<(Ticket, Advance)>,
    pub(crate) quarantine: Vec<Quarantine>,
    pub(crate) renew: Vec<(Ticket, Renew)>,
    pub(crate) release: Vec<(Ticket, Release)>,
    pub(crate) retry: Vec<(Ticket, Retry)>,
    pub(crate) settle: Vec<(Ticket, Settle)>,
    /// Verbs that ask for one thing at a time.
    pub(crate) single: Vec<Request>,
}

/// One call of the store.
#[derive(Debug)]
pub(crate) enum Request {
    ClaimSchedules { ticket: Ticket, within: Span, claim_for: Span, max: u32 },
    ClaimJobs { ticket: Ticket, lease_for: Span, max: u32 },
    Rescue { ticket: Ticket, max: u32 },
    Prune { ticket: Ticket, before: Timestamp, max: u32 },
    Quarantine(Vec<Quarantine>),
    Advance(Vec<Ticket>, Vec<Advance>),
    Renew(Vec<Ticket>, Vec<Renew>),
    Release(Vec<Ticket>, Vec<Release>),
    Retry(Vec<Ticket>, Vec<Retry>),
    Settle(Vec<Ticket>, Vec<Settle>),
}

/// Who calls the store, and what it has to offer.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) store: Arc<dyn AnyStore>,
    pub(crate) node: NodeId,
    pub(crate) tasks: Arc<[TaskId]>,
    pub(crate) tags: Tags,
}

/// What the store answered. Requests come back where their ids are part of the answer.
#[derive(Debug)]
pub(crate) enum Answered {
    ClaimSchedules(Ticket, Answer<Vec<Schedule>>),
    ClaimJobs(Ticket, Answer<Vec<Job>>),
    Rescue(Ticket, Answer<Vec<Run>>),
    Prune(Ticket, Answer<u32>),
    Quarantine(Answer<()>),
    Advance(Vec<Ticket>, Vec<Advance>, Answer<Vec<Advanced>>),
    Renew(Vec<Ticket>, Vec<Renew>, Answer<Vec<Renewed>>),
    Release(Vec<Ticket>, Vec<Release>, Answer<Vec<Written>>),
    Retry(Vec<Ticket>, Vec<Retry>, Answer<Vec<Written>>),
    Settle(Vec<Ticket>, Vec<Settle>, Answer<Vec<Written>>),
}

impl Batch {
    /// Takes up what the planner wants.
    pub(crate) fn plan(&mut self, output: planner::Output<Stored>) {
        use planner::Output as O;
        match output {
            O::Claim { ticket, within, claim_for, max } => {
                self.single.push(Request::ClaimSchedules { ticket, within, claim_for, max });
            }
            O::Advance { ticket, advance } => self.advance.push((ticket, advance)),
            O::Rescue { ticket, max } => self.single.push(Request::Rescue { ticket, max }),
            O::Prune { ticket, before, max } => {
                self.single.push(Request::Prune { ticket, before, max });
            }
        }
    }

    /// The calls that carry this batch out.
    pub(crate) fn into_requests(self) -> Vec<Request> {
        let mut requests = Vec::new();
        let mut add = |some: bool, request: Request| {
            if some {
                requests.push(request);
            }
        };
        // Ends of runs first: they make room for what the claims ask for.
        let (tickets, settles): (Vec<_>, Vec<_>) = self.settle.into_iter().unzip();
        add(!settles.is_empty(), Request::Settle(tickets, settles));
        let (tickets, retries): (Vec<_>, Vec<_>) = self.retry.into_iter().unzip();
        add(!retries.is_empty(), Request::Retry(tickets, retries));
        let (tickets, releases): (Vec<_>, Vec<_>) = self.release.into_iter().unzip();
        add(!releases.is_empty(), Request::Release(tickets, releases));
        let (tickets, renews): (Vec<_>, Vec<_>) = self.renew.into_iter().unzip();
        add(!renews.is_empty(), Request::Renew(tickets, renews));
        let (tickets, advances): (Vec<_>, Vec<_>) = self.advance.into_iter().unzip();
        add(!advances.is_empty(), Request::Advance(tickets, advances));
        add(!self.quarantine.is_empty(), Request::Quarantine(self.quarantine));
        requests.extend(self.single);
        requests
    }
}

impl Request {
    /// Calls the store. An answer that does not come is an error, so that no machine waits for it
    /// for ever.
    pub(crate) async fn call(self, caller: Caller) -> Answered {
        let Caller { store, node, tasks, tags } = caller;
        match self {
            Self::ClaimSchedules { ticket, within, claim_for, max } => {
                let claim = ClaimSchedules { node, within, claim_for, max };
                Answered::ClaimSchedules(ticket, patiently(store.claim_schedules(&claim)).await)
            }
            Self::ClaimJobs { ticket, lease_for, max } => {
                let claim = ClaimJobs { node, tasks: &tasks, tags: &tags, lease_for, max };
                Answered::ClaimJobs(ticket, patiently(store.claim_jobs(&claim)).await)
            }
            Self::Rescue { ticket, max } => {
                Answered::Rescue(ticket, patiently(store.rescue(&Rescue::Lapsed, max)).await)
            }
            Self::Prune { ticket, before, max } => {
                Answered::Prune(ticket, patiently(store.prune(before, max)).await)
            }
            Self::Quarantine(quarantines) => {
                Answered::Quarantine(patiently(store.quarantine(&quarantines)).await)
            }
            Self::Advance(tickets, advances) => {
                let answer = patiently(store.advance(&advances)).await;
                Answered::Advance(tickets, advances, answer)
            }
            Self::Renew(tickets, renews) => {
                let answer = patiently(store.renew(&renews)).await;
                Answered::Renew(tickets, renews, answer)
            }
            Self::Release(tickets, releases) => {
                let answer = patiently(store.release(&releases)).await;
                Answered::Release(tickets, releases, answer)
            }
            Self::Retry(tickets, retries) => {
                let answer = patiently(store.retry(&retries)).await;
                Answered::Retry(tickets, retries, answer)
            }
            Self::Settle(tickets, settles) => {
                let answer = patiently(store.settle(&settles)).await;
                Answered::Settle(tickets, settles, answer)
            }
        }
    }
}

async fn patiently<T>(call: impl Future<Output = Answer<T>> + Send) -> Answer<T> {
    let patience = limits::STORE_PATIENCE;
    tokio::select! {
        answer = call => answer,
        () = clock::wait_for(patience.to_duration()) => Err(StoreError::new(
            StoreErrorKind::OutcomeUnknown,
            format!("the store has not answered for {patience} (it may be overloaded)"),
        )),
    }
}
