//! What all brokers share: hints are merged, paced and sent over a connection that is kept alive.
//!
//! An adapter moves texts ([`Broker`], [`Link`](mainspring_contract::broker::Link)); everything
//! else is written here, once. [`connect`] makes two halves: a [`Post`], to which hints are given
//! without ever waiting, and a [`Courier`], which does the work and tells what it hears.
//!
//! # What is promised
//!
//! - **Nobody waits.** Giving hints to the post takes a lock for a moment, whatever the broker
//!   does.
//! - **Memory is bounded.** Hints that wait are one set ([`Hints`]), whose kinds become "any" when
//!   they have many names. While a broker is away, that set is all that is kept.
//! - **The first hint goes at once, a thousand hints go together.** After each message there is a
//!   gap; it grows while there is always something to say, the more the more nodes are heard. All
//!   nodes together send some 200 messages a second under load, however many there are.
//! - **A connection that breaks is made again**, after a growing wait that differs from node to
//!   node. One that is silent is asked whether it is still there. Whoever listens is told
//!   [`News::Back`], because hints may have been missed in the meantime.
//! - **What is no message of ours is ignored**, and told once for each kind of trouble.
//! - **A listener that panics, or a driver that does, harms nobody else.**
//! - **The echo** of what was sent is not heard.

mod clock;
mod courier;
mod outbox;
mod pace;
mod patience;

pub use courier::{Courier, News};
pub use outbox::Post;

use std::sync::Arc;

use mainspring_contract::NodeId;
use mainspring_contract::broker::{Broker, Hints, Message, Origin};

use crate::outbox::Outbox;

/// Makes the two halves of a node's connection to a broker: nothing happens before
/// [`Courier::run`] is polled.
///
/// `seed` is a number that no other node has, such as one drawn by chance. `hear` is told what
/// happens, and must not wait for anything.
///
/// ```
/// use mainspring_broker::{News, connect};
/// use mainspring_contract::{NodeId, broker::Hints};
/// use mainspring_memory::MemoryBroker;
/// use tokio::sync::mpsc::unbounded_channel;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broker = MemoryBroker::default();
/// let (sender, mut news) = unbounded_channel();
/// let (ada, courier) = connect(broker.clone(), NodeId::new("ada")?, 1, |_| ());
/// tokio::spawn(courier.run());
/// let (bob, courier) = connect(broker, NodeId::new("bob")?, 2, move |news| {
///     let _ = sender.send(news);
/// });
/// tokio::spawn(courier.run());
/// assert_eq!(news.recv().await, Some(News::Back));
/// ada.tell(Hints { changed: true, ..Hints::default() });
/// assert!(matches!(news.recv().await, Some(News::Heard(hints)) if hints.changed));
/// # drop(bob);
/// # Ok(())
/// # }
/// ```
pub fn connect<B: Broker>(
    broker: B,
    node: NodeId,
    seed: u64,
    hear: impl FnMut(News) + Send + 'static,
) -> (Post, Courier<B>) {
    let outbox = Arc::new(Outbox::default());
    let from = Origin(seed);
    let farewell = Message { from, hints: Hints { gone: node.into(), ..Hints::default() } };
    let courier = Courier::new(broker, from, &farewell, Arc::clone(&outbox), Box::new(hear));
    (Post::new(outbox), courier)
}
