//! What a node asks of its server while it has nothing to do, counted by the server.

use std::path::Path;
use std::time::Duration;

use mainspring::Schedule;
use mainspring_chaos::clock;
use mainspring_chaos::cluster::{self, Config, TASK};
use mainspring_chaos::journal::Journal;
use mainspring_chaos::store;
use mainspring_core::limits::MAX_IDLE;
use mainspring_core::time::{Span, Timestamp};
use mainspring_support::{Databases, MariaDbService, PostgresService, Settings};
use sqlx::{Connection, Executor, MySqlConnection, PgConnection};
use tempfile::TempDir;

use crate::server::Place;
use crate::site::Site;

/// How long a node is given to come to rest, and how long it is watched then.
const SPANS: [Duration; 2] = [Duration::from_secs(6), Duration::from_secs(20)];

/// The most statements of one look at the store: begin, locks, the clock, the limits of tasks, the
/// claim, the pulse, commit. A beat has as many: begin, locks, the clock, forget, the row, the
/// pulse, commit.
const STATEMENTS: i64 = 7;

/// A server that counts what it is asked.
trait Counts: Databases {
    type Connection;

    fn settings() -> Settings;

    async fn connect(url: &str) -> Result<Self::Connection, sqlx::Error>;

    /// How many statements it was asked so far, in the database of this name if it can tell them
    /// apart.
    async fn count(on: &mut Self::Connection, database: &str) -> Result<i64, sqlx::Error>;
}

impl Counts for PostgresService {
    type Connection = PgConnection;

    fn settings() -> Settings {
        Settings::default().set("shared_preload_libraries", "pg_stat_statements")
    }

    async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
        let mut connection = PgConnection::connect(url).await?;
        connection.execute("CREATE EXTENSION pg_stat_statements").await?;
        Ok(connection)
    }

    async fn count(on: &mut PgConnection, database: &str) -> Result<i64, sqlx::Error> {
        let sql = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements \
                   JOIN pg_database ON pg_database.oid = dbid WHERE datname = $1";
        sqlx::query_scalar(sql).bind(database).fetch_one(on).await
    }
}

impl Counts for MariaDbService {
    type Connection = MySqlConnection;

    fn settings() -> Settings {
        Settings::default()
    }

    async fn connect(url: &str) -> Result<MySqlConnection, sqlx::Error> {
        MySqlConnection::connect(url).await
    }

    async fn count(on: &mut MySqlConnection, _database: &str) -> Result<i64, sqlx::Error> {
        let sql = "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status \
                   WHERE variable_name = 'QUESTIONS'";
        sqlx::query_scalar(sql).fetch_one(on).await
    }
}

fn an_idle_node_asks_no_more_than_it_must<S: Counts>() {
    let place = Place::<S>::with(S::settings());
    let folder = TempDir::new().expect("a folder for temporary files");
    let journal = Journal::new(folder.path());
    // Far enough away that nobody looks at them.
    place.block_on(async {
        let builder = store::builder(&place.url()).await.expect("the store opens");
        let scheduler = builder.build().await.expect("the store answers");
        for n in 0..10 {
            let at = clock::wall() + Span::from_hours(1);
            let schedule = Schedule::at(&format!("s{n}"), TASK, at);
            scheduler.put(schedule).await.expect("the store answers");
        }
    });
    let program = Path::new(env!("CARGO_BIN_EXE_node"));
    let (store, name) = (place.url(), "idle".to_owned());
    let config = Config { store, name, ..Config::default() };
    let mut node = cluster::start_node(program, &config, &journal.file());
    node.hear("mainspring::node: started");
    let (own, count, watched) = place.block_on(async {
        let mut on = S::connect(&place.server_url()).await.expect("the server is there");
        let name = place.database().name();
        clock::rest(SPANS[0]).await;
        let (mut counts, mut times) = ([0; 3], [Timestamp::MIN; 3]);
        for (n, (count, time)) in counts.iter_mut().zip(&mut times).enumerate() {
            if n == 2 {
                clock::rest(SPANS[1]).await;
            }
            *time = clock::wall();
            *count = S::count(&mut on, name).await.expect("the server counts");
        }
        // What the question itself costs shows between two that follow at once.
        (counts[1] - counts[0], counts[2] - counts[1], clock::wall().since(times[1]))
    });
    let asked = count - own;
    let per_minute = asked * 60_000_000 / watched.as_micros();
    println!("statements per minute of an idle node: {per_minute}");
    // If nothing is due, its planner and its worker look once in a while, and the time in which
    // they are watched may begin just before a look. Looks come up to a quarter early, so that
    // nodes do not look in step.
    let looks = 2 * (watched.as_micros() / (MAX_IDLE.as_micros() * 6 / 8) + 1);
    // The node also tells that it lives, once at most: a beat comes each half minute.
    let most = (looks + 1) * STATEMENTS;
    assert!((1..=most).contains(&asked), "{asked} statements in {watched:?}");
    node.kill();
}

#[test]
fn an_idle_node_on_postgresql_asks_no_more_than_it_must() {
    an_idle_node_asks_no_more_than_it_must::<PostgresService>();
}

#[test]
fn an_idle_node_on_mariadb_asks_no_more_than_it_must() {
    an_idle_node_asks_no_more_than_it_must::<MariaDbService>();
}
