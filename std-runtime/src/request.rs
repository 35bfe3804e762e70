//! Carries out what the machines ask of the store: many outputs of one verb in one batch.

use core::future::Future;
use std::sync::Arc;

use mainspring_contract::node::Node;
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
///
/// Ends of runs wait here while [`WRITES_AT_ONCE`] calls that write such ends are under way, so
/// that under load each call carries what has come together during those before it, and while there
/// is little to do nothing waits.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) advance: Vec<(Ticket, Advance)>,
    pub(crate) quarantine: Vec<Quarantine>,
    pub(crate) renew: Vec<(Ticket, Renew)>,
    pub(crate) release: Vec<(Ticket, Release)>,
    pub(crate) retry: Vec<(Ticket, Retry)>,
    pub(crate) settle: Vec<(Ticket, Settle)>,
    /// At most two: see the worker.
    pub(crate) claims: Vec<Claim>,
    /// Other verbs that ask for one thing at a time.
    pub(crate) single: Vec<Request>,
    /// How many calls are under way that write ends of runs.
    writes: usize,
}

/// One call of the store.
#[derive(Debug)]
pub(crate) enum Request {
    ClaimSchedules {
        ticket: Ticket,
        within: Span,
        claim_for: Span,
        max: u32,
    },
    ClaimJobs(Claim),
    /// Ends of runs that travel with the claim that they make room for.
    SettleAndClaim(Vec<Ticket>, Vec<Settle>, Claim),
    Rescue {
        ticket: Ticket,
        max: u32,
    },
    Prune {
        ticket: Ticket,
        before: Timestamp,
        max: u32,
    },
    Quarantine(Vec<Quarantine>),
    Beat(Node),
    Advance(Vec<Ticket>, Vec<Advance>),
    Renew(Vec<Ticket>, Vec<Renew>),
    Release(Vec<Ticket>, Vec<Release>),
    Retry(Vec<Ticket>, Vec<Retry>),
    Settle(Vec<Ticket>, Vec<Settle>),
}

/// A claim on jobs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) ticket: Ticket,
    pub(crate) lease_for: Span,
    pub(crate) max: u32,
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
    SettleAndClaim(Vec<Ticket>, Vec<Settle>, Ticket, Answer<(Vec<Written>, Vec<Job>)>),
    Rescue(Ticket, Answer<Vec<Run>>),
    Prune(Ticket, Answer<u32>),
    Quarantine(Answer<()>),
    Beat(Answer<()>),
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

    /// The calls to be made now.
    pub(crate) fn take_requests(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        // Ends of runs first: they make room for what the claims ask for.
        for claim in self.claims.drain(..) {
            let (tickets, settles) = take(&mut self.settle);
            requests.push(match settles.is_empty() {
                true => Request::ClaimJobs(claim),
                false => Request::SettleAndClaim(tickets, settles, claim),
            });
        }
        while self.writes + requests.iter().filter(|one| one.writes_ends()).count() < WRITES_AT_ONCE
        {
            // Settles are never short of calls, since they leave with claims, too; what waited for
            // them could wait until its lease ends.
            requests.push(if !self.release.is_empty() {
                let (tickets, releases) = take(&mut self.release);
                Request::Release(tickets, releases)
            } else if !self.retry.is_empty() {
                let (tickets, retries) = take(&mut self.retry);
                Request::Retry(tickets, retries)
            } else if !self.settle.is_empty() {
                let (tickets, settles) = take(&mut self.settle);
                Request::Settle(tickets, settles)
            } else {
                break;
            });
        }
        self.writes += requests.iter().filter(|one| one.writes_ends()).count();
        // Leases wait for nobody.
        while !self.renew.is_empty() {
            let (tickets, renews) = take(&mut self.renew);
            requests.push(Request::Renew(tickets, renews));
        }
        while !self.advance.is_empty() {
            let (tickets, advances) = take(&mut self.advance);
            requests.push(Request::Advance(tickets, advances));
        }
        if !self.quarantine.is_empty() {
            requests.push(Request::Quarantine(core::mem::take(&mut self.quarantine)));
        }
        requests.append(&mut self.single);
        requests
    }

    /// A call has been answered.
    pub(crate) fn answered(&mut self, answered: &Answered) {
        if answered.writes_ends() {
            self.writes -= 1;
        }
    }
}

/// As many items as one call may carry, apart from their tickets.
fn take<T>(items: &mut Vec<(Ticket, T)>) -> (Vec<Ticket>, Vec<T>) {
    let many = items.len().min(limits::ITEMS_PER_CALL);
    items.drain(..many).unzip()
}

impl Answered {
    fn writes_ends(&self) -> bool {
        matches!(
            self,
            Self::Settle(..) | Self::SettleAndClaim(..) | Self::Retry(..) | Self::Release(..)
        )
    }
}

impl Request {
    fn writes_ends(&self) -> bool {
        matches!(
            self,
            Self::Settle(..) | Self::SettleAndClaim(..) | Self::Retry(..) | Self::Release(..)
        )
    }

    /// Calls the store. An answer that does not come is an error, so that no machine waits for it
    /// for ever.
    pub(crate) async fn call(self, caller: Caller) -> Answered {
        let Caller { store, node, tasks, tags } = caller;
        match self {
            Self::ClaimSchedules { ticket, within, claim_for, max } => {
                let claim = ClaimSchedules { node, within, claim_for, max };
                Answered::ClaimSchedules(ticket, patiently(store.claim_schedules(&claim)).await)
            }
            Self::ClaimJobs(Claim { ticket, lease_for, max }) => {
                let claim = ClaimJobs { node, tasks: &tasks, tags: &tags, lease_for, max };
                Answered::ClaimJobs(ticket, patiently(store.claim_jobs(&claim)).await)
            }
            Self::SettleAndClaim(tickets, settles, Claim { ticket, lease_for, max }) => {
                let claim = ClaimJobs { node, tasks: &tasks, tags: &tags, lease_for, max };
                let answer = patiently(store.settle_and_claim(&settles, &claim)).await;
                Answered::SettleAndClaim(tickets, settles, ticket, answer)
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
            Self::Beat(node) => Answered::Beat(patiently(store.beat(&node)).await),
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

/// How many calls that write ends of runs are under way at once: while one waits for the disk,
/// another one may work.
const WRITES_AT_ONCE: usize = 2;

#[cfg(test)]
mod tests {
    use mainspring_contract::JobId;
    use mainspring_contract::record::Ended;
    use mainspring_core::id::Token;
    use mainspring_core::outcome::Outcome;
    use mainspring_core::retry::Cause;

    use super::*;

    fn settle() -> (Ticket, Settle) {
        let (now, outcome) = (Timestamp::UNIX_EPOCH, Outcome::Succeeded);
        let ended = Ended { outcome, started_at: None, finished_at: now, detail: None };
        let job = JobId::from_bytes([1; 16]);
        (Ticket::default(), Settle { job, token: Token::default(), ended })
    }

    fn settled() -> Answered {
        Answered::Settle(
            Vec::new(),
            Vec::new(),
            Err(StoreError::new(StoreErrorKind::Backend, "any answer")),
        )
    }

    /// How many settles each call carries, and whether a claim does.
    fn calls(batch: &mut Batch) -> Vec<(usize, bool)> {
        let requests = batch.take_requests();
        let of = |request: &Request| match request {
            Request::Settle(_, settles) => (settles.len(), false),
            Request::SettleAndClaim(_, settles, _) => (settles.len(), true),
            other => panic!("nobody asked for {other:?}"),
        };
        requests.iter().map(of).collect()
    }

    #[test]
    fn ends_of_runs_come_together_while_two_calls_are_under_way() {
        let mut batch = Batch::default();
        for _ in 0..2 {
            batch.settle.push(settle());
            assert_eq!(calls(&mut batch), [(1, false)], "nothing keeps it");
        }
        for _ in 0..3 {
            batch.settle.push(settle());
            assert_eq!(calls(&mut batch), []);
        }
        batch.answered(&settled());
        assert_eq!(calls(&mut batch), [(3, false)]);
    }

    #[test]
    fn ends_of_runs_do_not_wait_where_a_claim_goes() {
        let mut batch = Batch::default();
        for _ in 0..2 {
            batch.settle.push(settle());
            assert_eq!(calls(&mut batch).len(), 1);
        }
        batch.settle.push(settle());
        let (ticket, lease_for) = (Ticket::default(), Span::from_secs(15));
        batch.claims.push(Claim { ticket, lease_for, max: 1 });
        assert_eq!(calls(&mut batch), [(1, true)]);
    }

    #[test]
    fn ends_of_jobs_keep_no_attempt_from_being_written_down() {
        let mut batch = Batch::default();
        for _ in 0..2 {
            batch.settle.push(settle());
            assert_eq!(calls(&mut batch).len(), 1);
        }
        let (ticket, Settle { job, token, ended }) = settle();
        let (after, cause) = (Span::ZERO, Cause::Failure);
        batch.retry.push((ticket, Retry { job, token, after, cause, ended }));
        batch.settle.push(settle());
        batch.answered(&settled());
        let requests = batch.take_requests();
        assert!(matches!(&requests[..], [Request::Retry(..)]), "{requests:?}");
    }

    #[test]
    fn a_call_carries_no_more_than_its_limit() {
        let mut batch = Batch::default();
        batch.settle.extend((0..limits::ITEMS_PER_CALL + 1).map(|_| settle()));
        assert_eq!(calls(&mut batch), [(limits::ITEMS_PER_CALL, false), (1, false)]);
    }
}
