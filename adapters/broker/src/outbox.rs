//! Hints that wait to be sent: one set, into which all are merged.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainspring_contract::broker::Hints;
use tokio::sync::{Notify, watch};

use crate::clock;

/// Where hints for other nodes are given up. Cheap to clone; once the last one is dropped, the
/// courier sends what is left and ends.
#[derive(Clone, Debug)]
pub struct Post(Arc<Handle>);

/// What all clones of a post share.
#[derive(Debug)]
struct Handle(Arc<Outbox>);

/// What the courier shares with the post.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    /// Something is there, or nobody is left.
    bell: Notify,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct Waiting {
    hints: Hints,
    /// How often something was told.
    told: u64,
    closed: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// The first attempt to connect is over, well or not.
    tried: bool,
    /// So much of what was told has been sent.
    sent: u64,
}

impl Post {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Self {
        Self(Arc::new(Handle(outbox)))
    }

    /// Tells other nodes, soon and never waiting for it. Hints that say nothing go nowhere.
    pub fn tell(&self, hints: Hints) {
        if !hints.is_empty() {
            let mut waiting = self.0.0.waiting();
            waiting.hints.merge(hints);
            waiting.told += 1;
            drop(waiting);
            self.0.0.bell.notify_one();
        }
    }

    /// Waits until the broker has what was told before, at most `within`; says whether it has.
    pub async fn sent(&self, within: Duration) -> bool {
        let told = self.0.0.waiting().told;
        self.reached(|progress| progress.sent >= told, within).await
    }

    /// Waits until the first attempt to connect is over, well or not, at most `within`.
    pub async fn tried(&self, within: Duration) {
        self.reached(|progress| progress.tried, within).await;
    }

    async fn reached(&self, there: impl Fn(&Progress) -> bool, within: Duration) -> bool {
        let mut progress = self.0.0.progress.subscribe();
        tokio::select! {
            // The sender is in the same outbox, so it is there.
            reached = progress.wait_for(|progress| there(progress)) => reached.is_ok(),
            () = clock::wait_for(within) => false,
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.waiting().closed = true;
        self.0.bell.notify_one();
    }
}

impl Outbox {
    /// Waits until something is there to be sent, or nobody is left who could tell anything.
    pub(crate) async fn stirs(&self) {
        loop {
            let stirred = self.bell.notified();
            if !self.is_empty() || self.is_closed() {
                return;
            }
            stirred.await;
        }
    }

    /// Waits until nobody is left who could tell anything.
    pub(crate) async fn closes(&self) {
        loop {
            let stirred = self.bell.notified();
            if self.is_closed() {
                return;
            }
            stirred.await;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting().hints.is_empty()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.waiting().closed
    }

    /// What is to be sent, and a number to report it by.
    pub(crate) fn take(&self) -> (Hints, u64) {
        let mut waiting = self.waiting();
        (core::mem::take(&mut waiting.hints), waiting.told)
    }

    /// What was taken could not be sent.
    pub(crate) fn put_back(&self, hints: Hints) {
        self.waiting().hints.merge(hints);
    }

    /// What was taken under this number has been sent.
    pub(crate) fn sent(&self, number: u64) {
        self.progress.send_modify(|progress| progress.sent = number);
    }

    /// An attempt to connect is over.
    pub(crate) fn tried(&self) {
        self.progress.send_if_modified(|progress| !core::mem::replace(&mut progress.tried, true));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A set of hints is whole after every change.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
