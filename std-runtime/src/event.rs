//! What happens, for whoever listens.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use mainspring_contract::store::Unreadable;
use mainspring_contract::{JobId, NodeId, ScheduleId, TaskId};
use mainspring_core::fire::Skip;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::{Span, Timestamp};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Something that happened on this node, or that it did.
///
/// Events are news and not records: they are told while somebody listens, to whoever keeps up.
/// What must not be missed is in the store: [runs](crate::Scheduler::runs) and
/// [skips](crate::Scheduler::skips).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// An attempt at a job started here.
    RunStarted {
        /// The job.
        job: JobId,
        /// Its task.
        task: TaskId,
        /// The schedule whose job it is.
        schedule: Option<ScheduleId>,
        /// The instant that the schedule's trigger named.
        fire_at: Option<Timestamp>,
        /// The attempt, counted from 1.
        attempt: u32,
    },
    /// An attempt that runs here was told to stop.
    RunTold {
        /// The job.
        job: JobId,
        /// Why it should stop.
        why: Outcome,
    },
    /// An attempt ended here. What follows, another attempt or the job's end, is for the store to
    /// say.
    RunEnded {
        /// The job.
        job: JobId,
        /// Its task.
        task: TaskId,
        /// The schedule whose job it is.
        schedule: Option<ScheduleId>,
        /// How it ended.
        outcome: Outcome,
        /// Why it did not succeed, for people.
        error: Option<String>,
    },
    /// The store has written down what became of an attempt here: the job's end, or that another
    /// attempt follows.
    RunRecorded {
        /// The job.
        job: JobId,
        /// The token of the attempt.
        token: Token,
    },
    /// This node's right to a job is gone; what the attempt did does not count.
    LeaseLost {
        /// The job.
        job: JobId,
    },
    /// This node took care of a job whose node was lost, or whose start deadline had passed.
    Rescued {
        /// The job.
        job: JobId,
        /// Its task.
        task: TaskId,
        /// How the attempt is recorded.
        outcome: Outcome,
        /// Whether there is another attempt.
        runs_again: bool,
    },
    /// Due fires of a schedule did not become jobs.
    Skipped {
        /// The schedule.
        schedule: ScheduleId,
        /// Which fires, and why.
        skip: Skip,
    },
    /// A schedule was taken out of service.
    Quarantined {
        /// The schedule, as far as its name is a text.
        schedule: String,
        /// Why.
        reason: String,
    },
    /// A call of the store failed; it is tried again.
    StoreFailed {
        /// What was asked.
        verb: String,
        /// Why it failed, for people.
        error: String,
    },
    /// The store answers again.
    StoreBack,
    /// The broker cannot be reached, or no longer. Nothing depends on it: other nodes hear of
    /// what happens here later, and this one of what happens there.
    BrokerLost {
        /// Which one, without password.
        broker: String,
        /// Why, for people.
        error: String,
    },
    /// The broker can be reached, for the first time or again.
    BrokerBack {
        /// Which one, without password.
        broker: String,
    },
    /// Another node began to work, or is back.
    NodeJoined {
        /// Its name.
        node: NodeId,
    },
    /// Another node has ended, or was cut off from the broker. What it holds is its own until its
    /// leases end.
    NodeGone {
        /// Its name.
        node: NodeId,
    },
    /// The wall clock was set, or the machine slept.
    ClockJumped,
    /// The wall clock of this machine is far off the store's. Told once, until it is right again.
    ClockIsOff {
        /// How far ahead it is; negative, if it is behind.
        ahead: Span,
    },
    /// This node began to plan and to work.
    Started,
    /// This node starts nothing more.
    Stopping,
    /// This node has stopped.
    Stopped {
        /// How many jobs it still held.
        left: usize,
    },
    /// So many events were told and not heard: whoever listens was too slow.
    Missed(u64),
}

impl From<&Unreadable> for Event {
    fn from(unreadable: &Unreadable) -> Self {
        let Unreadable { name, reason } = unreadable.clone();
        Self::Quarantined { schedule: name, reason }
    }
}

/// What happens from now on; see [`Scheduler::events`](crate::Scheduler::events).
#[derive(Debug)]
pub struct Events {
    events: broadcast::Receiver<Event>,
    listeners: Arc<AtomicUsize>,
}

impl Events {
    /// The next event; `None` once the last handle to the scheduler is gone. May be dropped at any
    /// time without losing one.
    pub async fn next(&mut self) -> Option<Event> {
        match self.events.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(count)) => Some(Event::Missed(count)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tells events to all who listen.
#[derive(Clone, Debug)]
pub(crate) struct Bell {
    sender: broadcast::Sender<Event>,
    /// How many listen: the sender knows, too, but only under a lock, for which the threads that
    /// run tasks would meet at each event.
    listeners: Arc<AtomicUsize>,
}

impl Default for Bell {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(KEPT), listeners: Arc::default() }
    }
}

impl Bell {
    /// Listens from now on.
    pub(crate) fn listen(&self) -> Events {
        let events = self.sender.subscribe();
        self.listeners.fetch_add(1, Ordering::Release);
        Events { events, listeners: Arc::clone(&self.listeners) }
    }

    /// Tells an event, which is made only if somebody listens.
    pub(crate) fn ring(&self, event: impl FnOnce() -> Event) {
        if self.listeners.load(Ordering::Acquire) > 0 {
            // Whoever listened may have gone in the meantime.
            let _ = self.sender.send(event());
        }
    }
}

/// How many events are kept for those who are slow: a second of a busy node.
const KEPT: usize = 4_096;
