//! Connections that misbehave in ways in which no server can be made to.

use core::future::pending;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use mainspring_broker::{News, Post, connect};
use mainspring_contract::broker::{Broker, BrokerCapabilities, BrokerError, Hints, Link, Named};
use mainspring_contract::{NodeId, TaskId};
use mainspring_memory::{MemoryBroker, MemoryLink};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What is odd about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Oddity {
    /// It is never made.
    Never,
    /// Making it panics.
    Panic,
    /// It hears nothing and answers nothing.
    Silent,
    /// Listening panics.
    Deaf,
    /// Sending never ends.
    Stuck,
    /// It breaks at once.
    Brief,
}

/// A broker whose first connections are odd, one after the other; those that follow are not.
struct Odd {
    broker: MemoryBroker,
    oddities: Arc<Mutex<VecDeque<Oddity>>>,
}

struct OddLink {
    link: MemoryLink,
    oddity: Option<Oddity>,
}

impl Broker for Odd {
    type Link = OddLink;

    async fn connect(&self, farewell: &str) -> Result<OddLink, BrokerError> {
        let oddity = self.oddities.lock().expect("no panic under this lock").pop_front();
        match oddity {
            Some(Oddity::Never) => pending().await,
            Some(Oddity::Panic) => panic!("told to panic"),
            _ => Ok(OddLink { link: self.broker.connect(farewell).await?, oddity }),
        }
    }

    fn name(&self) -> &str {
        "odd:"
    }

    fn capabilities(&self) -> BrokerCapabilities {
        self.broker.capabilities()
    }
}

impl Link for OddLink {
    async fn send(&mut self, text: &str) -> Result<(), BrokerError> {
        match self.oddity {
            Some(Oddity::Stuck) => pending().await,
            _ => self.link.send(text).await,
        }
    }

    async fn receive(&mut self) -> Result<Vec<u8>, BrokerError> {
        match self.oddity {
            Some(Oddity::Silent | Oddity::Stuck) => pending().await,
            Some(Oddity::Deaf) => panic!("told to panic"),
            Some(Oddity::Brief) => Err(BrokerError::new("told to break")),
            _ => self.link.receive().await,
        }
    }

    async fn check(&mut self) -> Result<(), BrokerError> {
        match self.oddity {
            Some(Oddity::Silent) => pending().await,
            _ => self.link.check().await,
        }
    }

    async fn close(self) {
        self.link.close().await;
    }
}

fn node(oddities: &[Oddity], broker: &MemoryBroker) -> (Post, UnboundedReceiver<News>) {
    let oddities = Arc::new(Mutex::new(oddities.iter().copied().collect()));
    let odd = Odd { broker: broker.clone(), oddities };
    let (sender, news) = unbounded_channel();
    let name = NodeId::new("n").expect("a name");
    let (post, courier) = connect(odd, name, 1, move |news| {
        let _ = sender.send(news);
    });
    tokio::spawn(courier.run());
    (post, news)
}

fn ready() -> Hints {
    let task = TaskId::new("a").expect("a name");
    Hints { ready: Named::from(task), ..Hints::default() }
}

/// The reason why a connection was lost.
async fn lost(news: &mut UnboundedReceiver<News>) -> String {
    loop {
        match news.recv().await {
            Some(News::Lost(why)) => return why,
            Some(News::Back) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_odd_connection_is_given_up_and_another_one_made() {
    for (oddity, why) in [
        (Oddity::Never, "connecting has taken longer than 5 s"),
        (Oddity::Panic, "driver panicked"),
        (Oddity::Silent, "an answer has taken longer than 5 s"),
        (Oddity::Deaf, "driver panicked"),
        (Oddity::Brief, "told to break"),
    ] {
        let (_post, mut news) = node(&[oddity], &MemoryBroker::default());
        let told = lost(&mut news).await;
        assert!(told.contains(why), "{oddity:?}: {told}");
        assert_eq!(news.recv().await, Some(News::Back), "{oddity:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_sent_is_sent_on_the_next_connection() {
    let broker = MemoryBroker::default();
    let mut listener = broker.connect("").await.expect("it is there");
    let (post, mut news) = node(&[Oddity::Stuck], &broker);
    post.tell(ready());
    let told = lost(&mut news).await;
    assert!(told.contains("sending has taken longer than 5 s"), "{told}");
    loop {
        let heard = listener.receive().await.expect("it is there");
        // Before it comes the farewell of the connection that was given up.
        if String::from_utf8(heard).expect("a text").contains("\"ready\":[\"a\"]") {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_throws_everybody_out_is_not_stormed() {
    let brief = [Oddity::Brief; 20];
    let (_post, mut news) = node(&brief, &MemoryBroker::default());
    let _ = lost(&mut news).await;
    let within = async |seconds| {
        let span = core::time::Duration::from_secs(seconds);
        let _ = tokio::time::timeout(span, pending::<()>()).await;
    };
    within(10).await;
    let mut attempts = 0;
    while let Ok(told) = news.try_recv() {
        attempts += usize::from(told == News::Back);
    }
    assert!((3..=9).contains(&attempts), "{attempts} attempts in ten seconds");
}
