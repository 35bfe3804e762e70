//! A server to share.

use std::time::Duration;

use mainspring_chaos::clock;
use mainspring_chaos::dice::Dice;
use mainspring_support::{Database, Databases, PostgresService, Proxy, Server, Service, Settings};
use tokio::runtime::Runtime;

use crate::site::{Done, Road, Site};
use crate::witness::Witness;

/// A server with one database.
pub(crate) struct Place<S: Databases> {
    server: Server<S>,
    database: Database,
    runtime: Runtime,
}

impl<S: Databases> Place<S> {
    /// One that keeps what it was told.
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let (server, database) = runtime.block_on(async {
            let server: Server<S> = Server::start_with(settings).await;
            let database = server.database().await;
            (server, database)
        });
        Self { server, database, runtime }
    }

    /// The database.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The address of the server, for whoever may do everything.
    pub(crate) fn server_url(&self) -> String {
        self.server.url()
    }

    /// Asks the server something.
    pub(crate) fn block_on<T>(&self, question: impl Future<Output = T>) -> T {
        self.runtime.block_on(question)
    }
}

impl<S: Databases> Site for Place<S> {
    fn url(&self) -> String {
        self.database.url().to_owned()
    }

    fn witness(&self) -> Witness {
        let url = self.database.url().to_owned();
        Witness::start(move || {
            let url = url.clone();
            async move { S::answers(&url).await.is_ok() }
        })
    }

    /// They take a minute and a half.
    fn fires(&self) -> i64 {
        4_000
    }

    fn has_one_lock(&self) -> bool {
        false
    }

    fn road(&self) -> Road {
        let (store, to_store) = behind(self.database.url(), self.server.port());
        // The driver of MongoDB would ask the server where the members of its set are.
        let store = store.replace("replicaSet=rs0", "directConnection=true");
        Road { store, to_store: Some(to_store), ..Road::default() }
    }

    fn harm(&mut self, dice: &mut Dice) -> Option<Done> {
        let Self { server, runtime, .. } = self;
        let span = Duration::from_millis(dice.between(200, 3_000));
        match dice.between(0, 10) {
            0..3 => runtime.block_on(async {
                server.kill().await;
                clock::rest(span).await;
                server.start_again().await;
                Some(Done::ToStore("killed"))
            }),
            3..5 => runtime.block_on(async {
                server.stop().await;
                server.start_again().await;
                Some(Done::ToStore("stopped"))
            }),
            5..7 => runtime.block_on(async {
                server.pause().await;
                clock::rest(span).await;
                server.unpause();
                Some(Done::ToStore("paused"))
            }),
            _ => runtime.block_on(async {
                server.cut_connections().await;
                Some(Done::ToStore("cut"))
            }),
        }
    }
}

/// The address of the server at `port`, by a way that can be cut.
fn behind(url: &str, port: u16) -> (String, Proxy) {
    let proxy = Proxy::to(port);
    (url.replacen(&format!(":{port}"), &format!(":{}", proxy.port()), 1), proxy)
}

/// The same with a broker on another server.
pub(crate) struct WithBroker<S: Databases, B: Service> {
    place: Place<S>,
    broker: Server<B>,
}

impl<S: Databases, B: Service> WithBroker<S, B> {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        let broker = place.block_on(Server::start());
        Self { place, broker }
    }
}

impl<S: Databases, B: Service> Site for WithBroker<S, B> {
    fn url(&self) -> String {
        self.place.url()
    }

    fn road(&self) -> Road {
        let (broker, to_broker) = behind(&self.broker.url(), self.broker.port());
        Road { broker: Some(broker), to_broker: Some(to_broker), ..self.place.road() }
    }

    fn witness(&self) -> Witness {
        self.place.witness()
    }

    fn fires(&self) -> i64 {
        self.place.fires()
    }

    fn has_one_lock(&self) -> bool {
        self.place.has_one_lock()
    }

    fn harm(&mut self, dice: &mut Dice) -> Option<Done> {
        if dice.between(0, 3) > 0 {
            return self.place.harm(dice);
        }
        let Self { place, broker } = self;
        let span = Duration::from_millis(dice.between(200, 3_000));
        place.runtime.block_on(async {
            broker.kill().await;
            clock::rest(span).await;
            broker.start_again().await;
        });
        Some(Done::ToBroker("killed"))
    }
}

/// A PostgreSQL server that is the broker too.
pub(crate) struct Both(Place<PostgresService>);

impl Both {
    pub(crate) fn new() -> Self {
        Self(Place::new())
    }
}

impl Site for Both {
    fn url(&self) -> String {
        self.0.url()
    }

    fn road(&self) -> Road {
        let (broker, to_broker) = behind(self.0.database.url(), self.0.server.port());
        Road { broker: Some(broker), to_broker: Some(to_broker), ..self.0.road() }
    }

    fn witness(&self) -> Witness {
        self.0.witness()
    }

    fn fires(&self) -> i64 {
        self.0.fires()
    }

    fn has_one_lock(&self) -> bool {
        false
    }

    fn harm(&mut self, dice: &mut Dice) -> Option<Done> {
        self.0.harm(dice)
    }
}
