//! A database for one test, on the server that all tests of a run share.

use mainspring_mysql::{MysqlStore, Options};
use mainspring_support::{Database, SharedMariaDb};
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row};

/// A database, which goes with this.
pub(crate) struct Place {
    database: Database,
    _server: SharedMariaDb,
}

impl Place {
    /// A new one.
    pub(crate) async fn new() -> Self {
        let server = SharedMariaDb::join().await;
        Self { database: server.database().await, _server: server }
    }

    /// How it is reached.
    pub(crate) fn options(&self) -> Options {
        Options::new(self.database.url())
    }

    /// A store on it.
    pub(crate) async fn open(&self) -> MysqlStore {
        MysqlStore::open_with(&self.options()).await.expect("the database opens")
    }

    /// A connection beside the store's.
    pub(crate) async fn beside(&self) -> MySqlConnection {
        MySqlConnection::connect(self.database.url()).await.expect("a connection")
    }
}

/// Runs statements.
pub(crate) async fn run(connection: &mut MySqlConnection, sql: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await.expect("it runs");
}

/// The rows of a query.
pub(crate) async fn rows(
    connection: &mut MySqlConnection,
    sql: impl Into<String>,
) -> Vec<MySqlRow> {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).fetch_all(connection).await.expect("rows")
}

/// The one number that a query asks for.
pub(crate) async fn number(connection: &mut MySqlConnection, sql: impl Into<String>) -> i64 {
    rows(connection, sql).await[0].get(0)
}
