//! Nodes are updated one by one: a program works on tables that a later one has changed, as long
//! as those say that it may, and refuses otherwise.
//!
//! What a later program may do to the tables is played by statements: it adds a column to each and
//! notes the step.

use std::path::Path;

use mainspring::JobId;
use mainspring_chaos::clock::{self, Deadline};
use mainspring_chaos::cluster::{self, Client, Config, LOOK};
use mainspring_chaos::daemon::{Daemon, PATIENCE};
use mainspring_chaos::journal::{Journal, Word};
use mainspring_chaos::store;
use mainspring_support::{Databases, MariaDbService, PostgresService, Settings};
use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};
use tempfile::TempDir;

use crate::server::Place;
use crate::site::Site;

/// What a later program does to the tables.
trait Later: Databases {
    /// The statement that names every table of ours.
    const TABLES: &'static str;

    fn tables(url: &str) -> impl Future<Output = Result<Vec<String>, sqlx::Error>>;

    fn run(url: &str, sql: String) -> impl Future<Output = Result<(), sqlx::Error>>;

    /// Notes a step after which programs must be `min_program` or later.
    fn step(version: u32, min_program: u32) -> String;
}

macro_rules! later {
    ($service:ty, $connection:ty, $tables:literal, $step:expr) => {
        impl Later for $service {
            const TABLES: &'static str = $tables;

            async fn tables(url: &str) -> Result<Vec<String>, sqlx::Error> {
                let mut connection = <$connection>::connect(url).await?;
                let tables = sqlx::query_scalar(Self::TABLES).fetch_all(&mut connection).await?;
                connection.close().await?;
                Ok(tables)
            }

            async fn run(url: &str, sql: String) -> Result<(), sqlx::Error> {
                let mut connection = <$connection>::connect(url).await?;
                sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await
            }

            fn step(version: u32, min_program: u32) -> String {
                let step: fn(u32, u32) -> String = $step;
                step(version, min_program)
            }
        }
    };
}

later!(
    PostgresService,
    PgConnection,
    "SELECT relname::text FROM pg_class \
     WHERE relname LIKE 'mainspring%' AND relkind IN ('r', 'p') AND NOT relispartition",
    |version, min_program| format!(
        "INSERT INTO mainspring_migrations (version, name, min_program) \
         VALUES ({version}, 'later', {min_program})"
    )
);
later!(
    MariaDbService,
    MySqlConnection,
    "SELECT table_name FROM information_schema.tables \
     WHERE table_schema = database() AND table_name LIKE 'mainspring%'",
    |version, min_program| format!(
        "INSERT INTO mainspring_migrations (version, name, applied_at_us, min_program) \
         VALUES ({version}, 'later', 0, {min_program})"
    )
);

/// The cluster that is updated.
struct Update<S: Databases> {
    place: Place<S>,
    client: Client,
    folder: TempDir,
    journal: Journal,
}

impl<S: Later> Update<S> {
    fn new() -> Self {
        let place = Place::<S>::with(Settings::default().volatile());
        let scheduler = place.block_on(async {
            let builder = store::builder(&place.url()).await.expect("the store opens");
            builder.build().await.expect("the store answers")
        });
        let folder = TempDir::new().expect("a folder for temporary files");
        let journal = Journal::new(folder.path());
        Self { place, client: Client(scheduler), folder, journal }
    }

    fn start(&self, name: &str) -> Daemon {
        let program = Path::new(env!("CARGO_BIN_EXE_node"));
        let journal = self.folder.path().join("journal");
        let (store, name) = (self.place.url(), name.to_owned());
        cluster::start_node(program, &Config { store, name, ..Config::default() }, &journal)
    }

    /// Queues a job and waits until the only node has run it.
    fn works(&self, n: u8) {
        let id = JobId::queued(clock::wall(), [n; 10]);
        self.place.block_on(self.client.queue(&[id])).expect("the store answers");
        let deadline = Deadline::after(PATIENCE);
        let has_ended = |lines: Vec<mainspring_chaos::journal::Line>| {
            lines.iter().any(|line| line.job == id && line.word == Word::End)
        };
        while !has_ended(self.journal.lines()) {
            assert!(!deadline.left().is_zero(), "job {n} was not run");
            clock::pass(LOOK);
        }
    }

    fn run(&self, sql: String) {
        let url = self.place.url();
        self.place.block_on(S::run(&url, sql)).expect("the statement runs");
    }
}

fn an_update_goes_from_node_to_node<S: Later>() {
    let update = Update::<S>::new();
    let mut first = update.start("first");
    first.hear("mainspring::node: started");
    update.works(1);

    // A later program comes and changes what this one can live with.
    let url = update.place.url();
    let tables = update.place.block_on(S::tables(&url)).expect("the statement runs");
    assert!(tables.len() > 5, "{tables:?}");
    for table in tables {
        update.run(format!("ALTER TABLE {table} ADD COLUMN later varchar(9) DEFAULT 'new'"));
    }
    update.run(S::step(98, 1));
    update.works(2);
    first.signal(Signal::TERM);
    assert!(first.ended().status.success());
    let mut second = update.start("second");
    second.hear("mainspring::node: started");
    update.works(3);

    // The next one it could not live with.
    update.run(S::step(99, 99));
    let mut third = update.start("third");
    let line = third.hear("not started");
    assert!(line.contains("version 99") && line.contains("update this program"), "{line}");
    third.kill();
    second.kill();
}

#[test]
fn an_update_of_postgresql_goes_from_node_to_node() {
    an_update_goes_from_node_to_node::<PostgresService>();
}

#[test]
fn an_update_of_mariadb_goes_from_node_to_node() {
    an_update_goes_from_node_to_node::<MariaDbService>();
}
