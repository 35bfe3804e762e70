//! The little SQL that these tests need, for each kind of server.

use mainspring_support::{Databases, MariaDbService, PostgresService};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

/// A kind of server that can be asked.
pub(crate) trait Sql: Databases {
    /// How many databases it has whose name says that they are ours.
    const OURS: &'static str;

    /// What stays open until it is dropped.
    type Held: Send;

    /// Runs a statement; the number of rows that changed.
    fn run(url: &str, sql: &str) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;

    /// Asks for one number.
    fn number(url: &str, sql: &str) -> impl Future<Output = Result<i64, sqlx::Error>> + Send;

    /// Connects.
    async fn hold(url: &str) -> Self::Held;

    /// Asks something over a connection.
    async fn ask(held: &mut Self::Held) -> Result<(), sqlx::Error>;
}

macro_rules! sql {
    ($service:ty, $connection:ty, $ours:literal) => {
        impl Sql for $service {
            const OURS: &'static str = $ours;
            type Held = $connection;

            async fn run(url: &str, sql: &str) -> Result<u64, sqlx::Error> {
                let mut connection = <$connection>::connect(url).await?;
                let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await?;
                Ok(done.rows_affected())
            }

            async fn number(url: &str, sql: &str) -> Result<i64, sqlx::Error> {
                let mut connection = <$connection>::connect(url).await?;
                let number = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection);
                let number = number.await?;
                connection.close().await?;
                Ok(number)
            }

            async fn hold(url: &str) -> $connection {
                <$connection>::connect(url).await.expect("the server is there")
            }

            async fn ask(held: &mut $connection) -> Result<(), sqlx::Error> {
                held.ping().await
            }
        }
    };
}

sql!(
    PostgresService,
    PgConnection,
    "SELECT count(*) FROM pg_database WHERE datname LIKE 'mainspring_%'"
);
sql!(
    MariaDbService,
    MySqlConnection,
    "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'mainspring_%'"
);
