//! What a broker promises: hints between nodes, which may be lost, late or doubled.
//!
//! Nothing depends on a hint. With one, another node looks at the store now; without, it does so
//! within its longest idle time. So an adapter has little to do: a [`Broker`] knows where its
//! server is, and a [`Link`] is one connection to it, which moves texts. What they say, how many
//! there are and what becomes of a connection that breaks is written once, in `mainspring-broker`.

mod error;
mod hints;
mod named;
mod wire;

use core::future::Future;

pub use error::BrokerError;
pub use hints::Hints;
pub use named::{NAMED_MAX, Named};
pub use wire::{MESSAGE_MAX, Message, Origin, Unread, WIRE_VERSION};

/// What a broker can do beyond what all of them must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerCapabilities {
    /// The longest text that it takes, in bytes; at least 1,000.
    pub max_message: usize,
    /// It tells the others what [`connect`](Broker::connect) was given as a farewell when a
    /// connection ends without [`close`](Link::close).
    pub last_will: bool,
    /// It moves texts between processes.
    pub shared: bool,
}

/// Where a broker is, and how to get a connection.
pub trait Broker: Send + Sync + 'static {
    /// A connection.
    type Link: Link;

    /// Makes a connection that already hears what others send when this returns, so that nothing
    /// is missed between the two. Tries once: whoever calls it waits and tries again.
    ///
    /// `farewell` is what others shall be told if the connection breaks; a broker without
    /// [`last_will`](BrokerCapabilities::last_will) leaves it alone.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses.
    fn connect(
        &self,
        farewell: &str,
    ) -> impl Future<Output = Result<Self::Link, BrokerError>> + Send;

    /// Its address for people, without password.
    fn name(&self) -> &str;

    /// What it can do beyond what all brokers must.
    fn capabilities(&self) -> BrokerCapabilities;
}

/// A connection to a broker. After an error it is of no use any more.
pub trait Link: Send + 'static {
    /// Sends a text to everybody who has a connection; to this one as well or not, as it likes.
    ///
    /// The text is no longer than [`max_message`](BrokerCapabilities::max_message) and has no
    /// control characters.
    ///
    /// # Errors
    /// If the connection is broken.
    fn send(&mut self, text: &str) -> impl Future<Output = Result<(), BrokerError>> + Send;

    /// The next text that somebody sent, whatever it is. Dropping the future loses none.
    ///
    /// # Errors
    /// If the connection is broken.
    fn receive(&mut self) -> impl Future<Output = Result<Vec<u8>, BrokerError>> + Send;

    /// Asks the server whether it is still there: called when nothing was heard for a while.
    ///
    /// # Errors
    /// If it is not. One that does not answer is given up by the caller.
    fn check(&mut self) -> impl Future<Output = Result<(), BrokerError>> + Send;

    /// Ends the connection in good order; what was sent before arrives, the farewell does not.
    fn close(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized;
}
