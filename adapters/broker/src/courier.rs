//! Carries hints: keeps a connection, sends what waits and tells what is heard.

use core::fmt;
use core::mem::discriminant;
use core::time::Duration;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mainspring_contract::broker::{Broker, BrokerError, Hints, Link, Message, Origin, Unread};
use mainspring_core::dice::Dice;
use mainspring_core::limits;
use mainspring_core::settings::{Backoff, Retry};
use tokio::time::Instant;

use crate::clock;
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::patience::{caught, patiently};

/// What happens at a broker.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// Other nodes said this.
    Heard(Box<Hints>),
    /// There is no connection, and why. It is tried again and again.
    Lost(String),
    /// There is a connection, for the first time or again. Hints may have been missed.
    Back,
    /// Something was heard that is no message of ours. Told once for each kind of trouble.
    Ignored(Unread),
}

/// The half that works: see [`connect`](crate::connect).
pub struct Courier<B> {
    broker: B,
    from: Origin,
    /// What the others are told if the connection breaks.
    farewell: String,
    outbox: Arc<Outbox>,
    hear: Box<dyn FnMut(News) + Send>,
    /// The kinds of trouble that were told.
    told: HashSet<core::mem::Discriminant<Unread>>,
    dice: Dice,
    is_lost: bool,
}

impl<B: Broker> fmt::Debug for Courier<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("broker", &self.broker.name()).finish_non_exhaustive()
    }
}

impl<B: Broker> Courier<B> {
    pub(crate) fn new(
        broker: B,
        from: Origin,
        farewell: &Message,
        outbox: Arc<Outbox>,
        hear: Box<dyn FnMut(News) + Send>,
    ) -> Self {
        let farewell = farewell.to_text(broker.capabilities().max_message);
        Self {
            broker,
            from,
            farewell,
            outbox,
            hear,
            told: HashSet::new(),
            dice: Dice::seeded(from.0),
            is_lost: false,
        }
    }

    /// Works until the last [`Post`](crate::Post) is gone.
    pub async fn run(mut self) {
        let mut failures = 0_u16;
        loop {
            let since = clock::now();
            let ended = match patiently("connecting", self.broker.connect(&self.farewell)).await {
                Ok(link) => {
                    self.is_lost = false;
                    self.tell(News::Back);
                    self.outbox.tried();
                    self.serve(link).await
                }
                Err(error) => Err(error),
            };
            let Err(error) = ended else { return };
            if !core::mem::replace(&mut self.is_lost, true) {
                self.tell(News::Lost(error.to_string()));
            }
            self.outbox.tried();
            // A server that lets in and throws out at once is as good as down.
            let lasted = clock::now().saturating_duration_since(since) >= STEADY;
            failures = if lasted { 1 } else { failures.saturating_add(1) };
            let wait = RECONNECT.delay(failures, &mut self.dice).to_duration();
            tokio::select! {
                () = clock::wait_for(wait) => {}
                // What nobody could be told is not worth waiting for.
                () = self.outbox.closes() => return,
            }
        }
    }

    /// Sends and listens until nobody is left to work for, or the connection breaks.
    async fn serve(&mut self, mut link: B::Link) -> Result<(), BrokerError> {
        let mut pace = Pace::new(clock::now());
        let mut heard_at = clock::now();
        loop {
            tokio::select! {
                received = caught(link.receive()) => {
                    heard_at = clock::now();
                    self.received(&received?, &mut pace, heard_at);
                }
                () = due(&self.outbox, &mut pace) => {
                    if self.outbox.is_empty() {
                        // Nobody is left, and everything is sent.
                        let closed = async {
                            link.close().await;
                            Ok(())
                        };
                        return patiently("closing", closed).await;
                    }
                    self.send(&mut link).await?;
                    pace.sent(clock::now());
                }
                () = clock::wait_until(heard_at + SILENCE) => {
                    patiently("an answer", link.check()).await?;
                    heard_at = clock::now();
                }
            }
        }
    }

    async fn send(&mut self, link: &mut B::Link) -> Result<(), BrokerError> {
        let (hints, number) = self.outbox.take();
        let message = Message { from: self.from, hints };
        let text = message.to_text(self.broker.capabilities().max_message);
        let sent = patiently("sending", link.send(&text)).await;
        match &sent {
            Ok(()) => self.outbox.sent(number),
            Err(_) => self.outbox.put_back(message.hints),
        }
        sent
    }

    fn received(&mut self, bytes: &[u8], pace: &mut Pace, now: Instant) {
        match Message::read(bytes) {
            // Our own echo.
            Ok(Message { from, .. }) if from == self.from => {}
            Ok(Message { from, hints }) => {
                pace.heard(from, now);
                self.tell(News::Heard(Box::new(hints)));
            }
            Err(unread) => {
                if self.told.insert(discriminant(&unread)) {
                    self.tell(News::Ignored(unread));
                }
            }
        }
    }

    /// Tells whoever listens. What it leaves behind when it panics is its own business.
    fn tell(&mut self, news: News) {
        let _ = catch_unwind(AssertUnwindSafe(|| (self.hear)(news)));
    }
}

/// Waits until a message may go and there is one, or nobody is left who could tell anything.
async fn due(outbox: &Outbox, pace: &mut Pace) {
    if clock::now() < pace.next_at() {
        tokio::select! {
            () = clock::wait_until(pace.next_at()) => {}
            // The last word need not wait.
            () = outbox.closes() => {}
        }
        pace.over(!outbox.is_empty());
    }
    outbox.stirs().await;
}

/// A connection that has lasted so long was a good one.
const STEADY: Duration = Duration::from_secs(5);
/// How long a connection may be silent before the server is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(10);
/// The waits between attempts; chance keeps nodes that lost their broker together from coming back
/// together.
const RECONNECT: Retry = Retry {
    max: u16::MAX,
    backoff: Backoff::Exponential {
        first: limits::STORE_BACKOFF_FIRST,
        max: limits::STORE_BACKOFF_MAX,
    },
    jitter: 50,
};
