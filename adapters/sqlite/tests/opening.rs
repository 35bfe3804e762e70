//! Opening files: good ones, bad ones, old ones, newer ones.

use std::path::Path;
use std::process::Command;

use mainspring_conformance::node::record;
use mainspring_conformance::rig::{Rig, clock, value};
use mainspring_conformance::sample::queued;
use mainspring_contract::record::Enqueued;
use mainspring_contract::{Clock, Store, StoreError, StoreErrorKind as Kind};
use mainspring_sqlite::{Options, Prefix, SqliteStore, migrations};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};
use tempfile::TempDir;

fn folder() -> TempDir {
    TempDir::new().expect("a folder for temporary files")
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.expect("sqlite opens it")
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.expect("the statement runs");
}

/// The error of opening this path; its message must name the path.
async fn refused(path: &Path) -> StoreError {
    let error = SqliteStore::open(path).await.expect_err("must not open");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    error
}

#[tokio::test]
async fn a_missing_folder_and_file_are_made_for_the_owner_only() {
    let folder = folder();
    let path = folder.path().join("a/b/jobs.db");
    let store = SqliteStore::open(&path).await.expect("it opens");
    let reply = store.put_tasks(Clock::Server, &[]).await.expect("it answers");
    assert!(reply.pulse.store_now.as_secs() > 1_700_000_000);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in ["jobs.db", "jobs.db-wal", "jobs.db-shm"] {
            let mode = path.with_file_name(name).metadata().expect("it exists").permissions();
            assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
        }
    }
    store.close().await;
    assert!(!path.with_file_name("jobs.db-wal").exists(), "a closed store is one file");
}

#[tokio::test]
async fn commits_are_synced_and_readers_do_not_wait() {
    let folder = folder();
    let path = folder.path().join("jobs.db");
    let store = SqliteStore::open(&path).await.expect("it opens");
    let mut writer = raw(&path).await;
    run(&mut writer, "BEGIN IMMEDIATE").await;
    let reply = store.put_tasks(Clock::Server, &[]).await;
    assert!(reply.is_ok(), "an empty request reads: {reply:?}");
    let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&mut writer).await.expect("a row");
    assert_eq!(mode.get::<String, _>(0), "wal");
}

#[tokio::test]
async fn a_locked_file_is_unavailable_after_a_while_and_then_works_again() {
    let folder = folder();
    let path = folder.path().join("jobs.db");
    let options =
        Options { busy_for: core::time::Duration::from_millis(50), ..Options::new(&path) };
    let store = SqliteStore::open_with(options).await.expect("it opens");
    let mut writer = raw(&path).await;
    run(&mut writer, "BEGIN IMMEDIATE").await;
    let task = mainspring_conformance::sample::task("t", None);
    let error = store
        .put_tasks(Clock::Server, core::slice::from_ref(&task))
        .await
        .expect_err("it is locked");
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.is_passing() && error.to_string().contains("jobs.db"), "{error}");
    run(&mut writer, "ROLLBACK").await;
    assert!(store.put_tasks(Clock::Server, &[task]).await.is_ok());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("notes.txt");
    let text = "not a database, but longer than a header of one hundred bytes ".repeat(40);
    std::fs::write(&path, &text).expect("a file");
    let error = refused(&path).await;
    assert_eq!(error.kind(), Kind::Backend);
    assert!(error.to_string().contains("not an SQLite database"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), text);
}

#[tokio::test]
async fn a_folder_and_a_device_and_no_name_are_refused() {
    let folder = folder();
    assert_eq!(refused(folder.path()).await.kind(), Kind::Backend);
    assert_eq!(refused(Path::new("/dev/null/jobs.db")).await.kind(), Kind::Backend);
    assert_eq!(refused(Path::new("/proc/jobs.db")).await.kind(), Kind::Backend);
    assert_eq!(refused(Path::new("")).await.kind(), Kind::Backend);
    let memory = refused(Path::new(":memory:")).await;
    assert!(memory.to_string().contains("memory store"), "{memory}");
}

#[tokio::test]
async fn a_damaged_file_is_corrupt() {
    let folder = folder();
    let path = folder.path().join("jobs.db");
    SqliteStore::open(&path).await.expect("it opens").close().await;
    let mut bytes = std::fs::read(&path).expect("it is there");
    // Every page but the first, which holds the header.
    bytes[4_096..].fill(0xa5);
    std::fs::write(&path, &bytes).expect("it can be written");
    let error = refused(&path).await;
    assert_eq!(error.kind(), Kind::Corrupt, "{error}: {error:?}");
    assert!(error.to_string().contains("backup"), "{error}");
}

#[tokio::test]
async fn a_newer_file_that_excludes_this_program_is_refused_with_both_versions() {
    let folder = folder();
    let path = folder.path().join("jobs.db");
    SqliteStore::open(&path).await.expect("it opens").close().await;
    let mut connection = raw(&path).await;
    run(&mut connection, "INSERT INTO mainspring_migrations VALUES (7, 'later', 0, 5)").await;
    let error = refused(&path).await;
    assert_eq!(error.kind(), Kind::Incompatible);
    for part in ["schema version 7", "version 5 or later", "this program has 2", "update"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    run(&mut connection, "DELETE FROM mainspring_migrations WHERE version = 7").await;
    assert!(SqliteStore::open(&path).await.is_ok());
}

#[tokio::test]
async fn a_newer_file_that_still_suits_this_program_opens() {
    let folder = folder();
    let path = folder.path().join("jobs.db");
    SqliteStore::open(&path).await.expect("it opens").close().await;
    let mut connection = raw(&path).await;
    run(
        &mut connection,
        "INSERT INTO mainspring_migrations VALUES (98, 'later', 0, 1);
         ALTER TABLE mainspring_tasks ADD COLUMN later TEXT;
         ALTER TABLE mainspring_schedules ADD COLUMN later TEXT;
         ALTER TABLE mainspring_jobs ADD COLUMN later TEXT;
         ALTER TABLE mainspring_runs ADD COLUMN later TEXT;",
    )
    .await;
    let store = SqliteStore::open(&path).await.expect("it opens");
    let rig = Rig(store);
    rig.put_task(0, mainspring_conformance::sample::task("t", None)).await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim_one(0, "w", "t").await;
    let _ = rig.settle(0, &job, mainspring_core::outcome::Outcome::Succeeded).await;
    assert_eq!(rig.runs_of(job.id).await.len(), 1);
}

#[tokio::test]
async fn a_file_of_the_version_before_is_brought_up_to_date_with_what_is_in_it() {
    let folder = folder();
    let path = folder.path().join("jobs.db");
    let rig = Rig(SqliteStore::open(&path).await.expect("it opens"));
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    rig.0.close().await;
    let mut connection = raw(&path).await;
    let before = "DROP TABLE mainspring_nodes; DELETE FROM mainspring_migrations WHERE version > 1";
    run(&mut connection, before).await;
    let options = Options::new(&path);
    let plan = migrations::plan(&options).await.expect("a plan");
    assert_eq!(
        plan.iter().map(|step| (step.version, step.min_program)).collect::<Vec<_>>(),
        [(2, 1)]
    );
    let error = migrations::check(&options).await.expect_err("a step is owed");
    assert_eq!(error.kind(), Kind::Incompatible, "{error}");
    assert_eq!(migrations::apply(&options).await.expect("it can be written"), plan);
    migrations::check(&options).await.expect("everything is there");
    let rig = Rig(SqliteStore::open(&path).await.expect("it opens"));
    value(rig.0.beat(clock(1), &record("n")).await);
    assert_eq!(rig.claim(1, "w", &["t"], 9).await.len(), 1);
}

#[tokio::test]
async fn a_plan_makes_no_file() {
    let folder = folder();
    let options = Options::new(folder.path().join("jobs.db"));
    assert_eq!(migrations::plan(&options).await.expect("a plan").len(), 2);
    assert!(!options.path.exists());
}

#[tokio::test]
async fn an_applications_own_tables_stay() {
    let folder = folder();
    let path = folder.path().join("app.db");
    let mut connection =
        SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await;
    let connection = connection.as_mut().expect("sqlite makes it");
    run(connection, "CREATE TABLE jobs (n); INSERT INTO jobs VALUES (1)").await;
    SqliteStore::open(&path).await.expect("it opens").close().await;
    let row = sqlx::query("SELECT count(*) FROM jobs").fetch_one(&mut *connection).await;
    assert_eq!(row.expect("a row").get::<i64, _>(0), 1);
    let foreign = sqlx::query(
        "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'mainspring\\_%' ESCAPE '\\'
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'jobs'",
    );
    let row = foreign.fetch_one(connection).await.expect("a row");
    assert_eq!(row.get::<i64, _>(0), 0, "every table and index has our prefix");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_openers_of_a_new_file_migrate_it_once() {
    for _ in 0..5 {
        let folder = folder();
        let path = folder.path().join("jobs.db");
        let openers: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                tokio::spawn(async move { SqliteStore::open(path).await })
            })
            .collect();
        for opener in openers {
            let opened = opener.await.expect("no panic");
            assert!(opened.is_ok(), "{opened:?}");
        }
        let mut connection = raw(&path).await;
        let rows = sqlx::query("SELECT version FROM mainspring_migrations")
            .fetch_all(&mut connection)
            .await
            .expect("the ledger");
        assert_eq!(rows.len(), 2);
    }
}

#[tokio::test]
async fn a_migration_that_was_cut_off_left_nothing() {
    let folder = folder();
    let path = folder.path().join("jobs.db");
    // Somebody died between making the ledger and the first migration.
    let mut connection =
        SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await;
    let connection = connection.as_mut().expect("sqlite makes it");
    run(connection, include_str!("../src/sql/ledger.sql")).await;
    let store = SqliteStore::open(&path).await.expect("it opens");
    assert!(store.put_tasks(Clock::Server, &[]).await.is_ok());
}

#[tokio::test]
async fn what_this_user_may_not_write_is_refused() {
    let folder = folder();
    let (ours, plain) = (folder.path().join("ours.db"), folder.path().join("plain.db"));
    SqliteStore::open(&ours).await.expect("it opens").close().await;
    let made = SqliteConnectOptions::new().filename(&plain).create_if_missing(true).connect().await;
    run(&mut made.expect("sqlite makes it"), "CREATE TABLE t (n)").await;
    let lock = ReadOnly::new(folder.path());
    let of_ours = refused(&ours).await;
    let of_plain = refused(&plain).await;
    let of_missing = refused(&folder.path().join("missing.db")).await;
    drop(lock);
    for error in [of_ours, of_plain, of_missing] {
        assert_eq!(error.kind(), Kind::Backend, "{error}: {error:?}");
        let text = error.to_string();
        assert!(text.contains("may write") || text.contains("right to write"), "{text}");
    }
    assert!(SqliteStore::open(&ours).await.is_ok());
}

/// A folder that nobody can write for a while. Permissions do not stop root, a mount does.
struct ReadOnly<'a> {
    folder: &'a Path,
    mounted: bool,
}

impl<'a> ReadOnly<'a> {
    fn new(folder: &'a Path) -> Self {
        let mount = ["--bind", "-o", "ro"];
        let output = Command::new("mount").args(mount).args([folder, folder]).output();
        let mounted = output.is_ok_and(|output| output.status.success());
        let lock = Self { folder, mounted };
        lock.set_permissions(true);
        lock
    }

    fn set_permissions(&self, read_only: bool) {
        if self.mounted {
            return;
        }
        let files = std::fs::read_dir(self.folder).expect("it can be listed");
        let paths = files.map(|file| file.expect("it can be listed").path());
        for path in paths.chain([self.folder.to_owned()]) {
            let mut rights = path.metadata().expect("it exists").permissions();
            rights.set_readonly(read_only);
            std::fs::set_permissions(path, rights).expect("the owner may");
        }
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        if self.mounted {
            drop(Command::new("umount").arg("-l").arg(self.folder).status());
        }
        self.set_permissions(false);
    }
}

#[tokio::test]
async fn two_prefixes_are_two_stores_in_one_file() {
    let folder = folder();
    let path = folder.path().join("jobs.db");
    let options = |prefix| {
        let prefix = Prefix::new(prefix).expect("a good prefix");
        Options { prefix, ..Options::new(&path) }
    };
    let one = SqliteStore::open_with(options("one_")).await.expect("it opens");
    let two = SqliteStore::open_with(options("two_")).await.expect("it opens");
    let job = queued(1, "t");
    let jobs = core::slice::from_ref(&job);
    for store in [&one, &two] {
        let reply = store.enqueue(Clock::Server, jobs).await.expect("it answers");
        assert_eq!(reply.value, [Enqueued::Inserted]);
    }
    let query = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'mainspring%'";
    let left: i64 =
        sqlx::query_scalar(query).fetch_one(&mut raw(&path).await).await.expect("a number");
    assert_eq!(left, 0, "every name begins with a prefix");
}
