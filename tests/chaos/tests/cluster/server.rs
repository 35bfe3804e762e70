//! A server to share.

use std::time::Duration;

use mainspring_chaos::clock;
use mainspring_chaos::dice::Dice;
use mainspring_support::{Database, Databases, Server, Settings};
use tokio::runtime::Runtime;

use crate::site::Site;

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

    /// They take a minute and a half.
    fn fires(&self) -> i64 {
        4_000
    }

    fn has_one_lock(&self) -> bool {
        false
    }

    fn harm(&mut self, dice: &mut Dice) -> Option<&'static str> {
        let Self { server, runtime, .. } = self;
        let span = Duration::from_millis(dice.between(200, 3_000));
        match dice.between(0, 10) {
            0..3 => runtime.block_on(async {
                server.kill().await;
                clock::rest(span).await;
                server.start_again().await;
                Some("killed")
            }),
            3..5 => runtime.block_on(async {
                server.stop().await;
                server.start_again().await;
                Some("stopped")
            }),
            5..7 => runtime.block_on(async {
                server.pause().await;
                clock::rest(span).await;
                server.unpause();
                Some("paused")
            }),
            _ => runtime.block_on(async {
                server.cut_connections().await;
                Some("cut")
            }),
        }
    }
}
