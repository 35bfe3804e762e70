//! The laws of every broker, for PostgreSQL.

use mainspring_conformance::broker::Switchboard;
use mainspring_conformance::broker_conformance;
use mainspring_postgres::PostgresBroker;
use mainspring_support::{Database, Postgres, SharedPostgres};

/// A database, and its server.
struct Board {
    url: String,
    own: Option<Postgres>,
    _shared: Option<(SharedPostgres, Database)>,
}

impl Switchboard for Board {
    type Broker = PostgresBroker;

    async fn shared() -> Self {
        let shared = SharedPostgres::join().await;
        let database = shared.database().await;
        Self { url: database.url().to_owned(), own: None, _shared: Some((shared, database)) }
    }

    async fn own() -> Self {
        let server = Postgres::start().await;
        // Trusted connections take any password, and so show who tells it.
        let url = server.url().replace("postgres@", "postgres:secret@");
        Self { url, own: Some(server), _shared: None }
    }

    fn broker(&self, channel: &str) -> PostgresBroker {
        PostgresBroker::on_channel(&self.url, channel).expect("the address can be read")
    }

    async fn kill(&mut self) {
        self.own.as_mut().expect("it is our own").kill().await;
    }

    async fn start_again(&mut self) {
        self.own.as_mut().expect("it is our own").start_again().await;
    }
}

broker_conformance!(Board);
