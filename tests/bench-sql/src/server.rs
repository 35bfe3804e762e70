//! The server that everything is measured on: private, with every commit on the disk.

use mainspring_support::{Database, Postgres, Settings};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row};

/// A private PostgreSQL that forces commits to the disk. The settings are those that any guide
/// gives to a small server; none of them trades safety for speed.
pub(crate) async fn start() -> Postgres {
    let settings = Settings::default()
        .set("fsync", "on")
        .set("synchronous_commit", "on")
        .set("full_page_writes", "on")
        .set("shared_buffers", "1GB")
        .set("max_wal_size", "8GB")
        .set("checkpoint_timeout", "15min")
        .set("wal_compression", "off")
        .set("jit", "off")
        .set("shared_preload_libraries", "pg_stat_statements")
        .set("random_page_cost", "1.1");
    Postgres::start_with(settings).await
}

/// A new database, and connections to look at it from outside.
pub(crate) struct Place {
    pub(crate) database: Database,
    pub(crate) pool: PgPool,
}

impl Place {
    pub(crate) async fn new(server: &Postgres) -> Self {
        let database = server.database().await;
        let options = PgPoolOptions::new().max_connections(16);
        let pool = options.connect(database.url()).await.expect("a database to connect to");
        let extension = sqlx::query("CREATE EXTENSION pg_stat_statements").execute(&pool).await;
        extension.expect("the extension comes with the server");
        Self { database, pool }
    }

    /// Prints what the server has spent its time on.
    pub(crate) async fn print_statements(&self) {
        let rows = sqlx::query(STATEMENTS).fetch_all(&self.pool).await.expect("its statistics");
        println!("{:>9} {:>8} {:>9} {:>9}  statement", "ms", "calls", "ms/call", "rows");
        for row in rows {
            let (total, calls, each): (f64, i64, f64) = (row.get(0), row.get(1), row.get(2));
            let (rows, text): (i64, String) = (row.get(3), row.get(4));
            println!("{total:>9.1} {calls:>8} {each:>9.3} {rows:>9}  {text}");
        }
    }

    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    /// Bytes of write-ahead log so far.
    pub(crate) async fn wal(&self) -> i64 {
        self.number("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint").await
    }

    /// The one number that a query answers.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query(sql).fetch_one(&self.pool).await.expect("an answer").get(0)
    }

    /// Writes out what is dirty and clears up, so that what is measured next pays for itself only.
    pub(crate) async fn settle_down(&self) {
        for sql in ["VACUUM ANALYZE", "CHECKPOINT"] {
            sqlx::query(sql).execute(&self.pool).await.expect("a server that tidies up");
        }
    }
}

/// The dearest statements of this database, each on one line.
const STATEMENTS: &str = "
    SELECT total_exec_time, calls, mean_exec_time, rows,
        left(regexp_replace(query, '\\s+', ' ', 'g'), 90)
    FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY total_exec_time DESC
    LIMIT 14";
