//! What this node tells others, and what it hears from them.
//!
//! Whoever changes something tells [`Neighbours`] of it, at once and without waiting. What others
//! say is kept in [`Heard`], merged, until the pump takes it. Without a broker both do nothing.

mod heard;
mod known;
mod look;

use core::future::Future;
use core::pin::Pin;
use core::time::Duration;
use std::sync::Arc;

use mainspring_broker::{News, Post};
use mainspring_contract::broker::{Broker, Hints, Named};
use mainspring_contract::{JobId, NodeId, TaskId};

pub(crate) use heard::Heard;
pub(crate) use known::Known;
pub(crate) use look::Look;

use crate::telemetry::Telemetry;
use crate::waiting::Waiting;

/// The other nodes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    /// `None` without a broker.
    post: Option<Post>,
    heard: Arc<Heard>,
}

/// A broker of some kind, until the scheduler is built.
pub(crate) type AnyBroker = Box<dyn FnOnce(Listener) -> (Post, Work) + Send>;

/// What keeps the connection to a broker.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who is told of what a broker says.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) node: NodeId,
    pub(crate) seed: u64,
    pub(crate) waiting: Waiting,
    pub(crate) telemetry: Telemetry,
    pub(crate) heard: Arc<Heard>,
}

/// Forgets of which kind a broker is.
pub(crate) fn erased(broker: impl Broker) -> AnyBroker {
    Box::new(|listener| {
        let Listener { node, seed, waiting, telemetry, heard } = listener;
        let name = broker.name().to_owned();
        let hear = move |news| match news {
            News::Heard(hints) => heard.hear(*hints, &waiting),
            News::Back => {
                telemetry.broker_is_back(&name);
                heard.missed(&waiting);
            }
            News::Lost(error) => telemetry.broker_is_lost(&name, &error),
            News::Ignored(unread) => telemetry.hint_ignored(&name, &unread),
        };
        let (post, courier) = mainspring_broker::connect(broker, node, seed, hear);
        (post, Box::pin(courier.run()))
    })
}

impl Neighbours {
    /// Those behind this broker, connected to in the background; returns once a first attempt was
    /// made, well or not, so that a broker that is there is used from the start.
    pub(crate) async fn behind(broker: AnyBroker, listener: Listener) -> Self {
        let heard = Arc::clone(&listener.heard);
        let (post, work) = broker(listener);
        tokio::spawn(work);
        post.tried(FIRST_ATTEMPT).await;
        Self { post: Some(post), heard }
    }

    /// Tells them.
    pub(crate) fn tell(&self, hints: Hints) {
        if let Some(post) = &self.post {
            post.tell(hints);
        }
    }

    /// Whether there is a broker.
    pub(crate) fn are_told(&self) -> bool {
        self.post.is_some()
    }

    /// Jobs of this task are ready.
    pub(crate) fn ready(&self, task: &TaskId) {
        if let Some(post) = &self.post {
            post.tell(Hints { ready: task.clone().into(), ..Hints::default() });
        }
    }

    /// Somebody changed schedules or tasks.
    pub(crate) fn changed(&self) {
        self.tell(Hints { changed: true, ..Hints::default() });
    }

    /// This node waits for the end of a job.
    pub(crate) fn awaits(&self, job: JobId) {
        self.tell(Hints { awaited: job.into(), ..Hints::default() });
    }

    /// A job may be over: tells those who wait for it, if there are any.
    pub(crate) fn look(&self, job: JobId) {
        if self.post.is_some() && self.heard.is_awaited(job) {
            self.tell(Hints { settled: job.into(), ..Hints::default() });
        }
    }

    /// This node began to work.
    pub(crate) fn joined(&self, node: &NodeId) {
        self.tell(Hints { joined: node.clone().into(), ..Hints::default() });
    }

    /// This node has ended, and what it held is there for others.
    pub(crate) async fn left(&self, node: &NodeId) {
        let ready = Named::Any;
        self.tell(Hints { gone: node.clone().into(), ready, ..Hints::default() });
        self.sent(LAST_WORD).await;
    }

    /// Waits until the broker has what was told before, at most `within`; says whether it has.
    pub(crate) async fn sent(&self, within: Duration) -> bool {
        match &self.post {
            Some(post) => post.sent(within).await,
            None => true,
        }
    }

    /// What others say.
    pub(crate) fn heard(&self) -> &Heard {
        &self.heard
    }
}

/// How long a scheduler that is built waits for its broker.
const FIRST_ATTEMPT: Duration = Duration::from_secs(2);
/// How long a node that ends waits until the others were told.
const LAST_WORD: Duration = Duration::from_secs(1);
