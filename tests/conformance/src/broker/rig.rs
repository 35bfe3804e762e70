//! What the laws of brokers are made with.

use core::future::Future;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::hash::{BuildHasher, RandomState};

use mainspring_broker::{News, Post, connect};
use mainspring_contract::broker::{Broker, Hints, Link};
use mainspring_contract::{JobId, NodeId, ScheduleId, TaskId};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Switchboard;

/// What `work` returns. It is waited for generously: this only ever ends a law that has failed.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("what must happen happens")
}

/// A number that no other law has, in this run or another.
pub(crate) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Each `RandomState` has keys that the system drew.
    RandomState::new().hash_one(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A channel that nobody else uses.
pub(crate) fn channel() -> String {
    format!("law-{:016x}", number())
}

pub(crate) async fn link<B: Broker>(broker: &B) -> B::Link {
    soon(broker.connect("farewell")).await.expect("the broker is there")
}

/// Sends a text.
pub(crate) async fn send(link: &mut impl Link, text: &str) {
    soon(link.send(text)).await.expect("the link is whole");
}

/// The next text.
pub(crate) async fn receive(link: &mut impl Link) -> String {
    let bytes = soon(link.receive()).await.expect("the link is whole");
    String::from_utf8(bytes).expect("only texts are sent")
}

/// The next text that this link has not sent itself, given that it sends `own`s only.
pub(crate) async fn receive_other(link: &mut impl Link, own: &str) -> String {
    loop {
        let text = receive(link).await;
        if text != own {
            return text;
        }
    }
}

/// A node behind a broker.
pub(crate) struct Node {
    pub(crate) post: Post,
    pub(crate) news: UnboundedReceiver<News>,
}

impl Node {
    /// One that has not heard anything yet.
    pub(crate) fn new(board: &impl Switchboard, channel: &str, name: &str) -> Self {
        let (sender, news) = unbounded_channel();
        let hear = move |news| {
            // A law that has ended hears nothing.
            let _ = sender.send(news);
        };
        let (post, courier) = connect(board.broker(channel), node(name), number(), hear);
        tokio::spawn(courier.run());
        Self { post, news }
    }

    /// One that has reached its broker.
    pub(crate) async fn joined(board: &impl Switchboard, channel: &str, name: &str) -> Self {
        let mut node = Self::new(board, channel, name);
        assert_eq!(node.next().await, News::Back);
        node
    }

    /// What happens next.
    pub(crate) async fn next(&mut self) -> News {
        soon(self.news.recv()).await.expect("its courier is there")
    }

    /// What others say next.
    pub(crate) async fn heard(&mut self) -> Hints {
        match self.next().await {
            News::Heard(hints) => *hints,
            other => panic!("{other:?} instead of hints"),
        }
    }

    /// All that others say, until all of `wanted` was said.
    pub(crate) async fn heard_until(&mut self, wanted: impl Fn(&Hints) -> bool) -> (Hints, usize) {
        let mut all = Hints::default();
        let mut messages = 0;
        while !wanted(&all) {
            all.merge(self.heard().await);
            messages += 1;
        }
        (all, messages)
    }
}

pub(crate) fn task(name: &str) -> TaskId {
    TaskId::new(name).expect("a name")
}

pub(crate) fn schedule(name: &str) -> ScheduleId {
    ScheduleId::new(name).expect("a name")
}

pub(crate) fn node(name: &str) -> NodeId {
    NodeId::new(name).expect("a name")
}

pub(crate) fn job(number: u8) -> JobId {
    JobId::from_bytes([number; 16])
}

/// Jobs of this task are ready.
pub(crate) fn ready(name: &str) -> Hints {
    Hints { ready: task(name).into(), ..Hints::default() }
}
