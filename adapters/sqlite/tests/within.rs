//! Jobs that are queued or settled inside a transaction of the program's own.

use mainspring_conformance::rig::{Rig, clock};
use mainspring_conformance::sample::{at, ended, keyed, queued};
use mainspring_contract::record::{Conflict, Enqueued, Hold, Settle, Written};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;

/// A store, and a connection of the program's own to its file.
struct Place {
    rig: Rig<SqliteStore>,
    connection: SqliteConnection,
    _folder: TempDir,
}

impl Place {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder for temporary files");
        let path = folder.path().join("jobs.db");
        let rig = Rig(SqliteStore::open(&path).await.expect("it opens"));
        let options = SqliteConnectOptions::new().filename(&path);
        let connection = options.connect().await.expect("it opens");
        Self { rig, connection, _folder: folder }
    }
}

#[tokio::test]
async fn a_job_in_a_transaction_that_is_rolled_back_never_was() {
    let Place { rig, mut connection, _folder } = Place::new().await;
    for keep in [false, true] {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("a transaction");
        let answers = rig.0.enqueue_in(&mut tx, clock(0), &[queued(1, "t")]).await;
        assert_eq!(answers.expect("it is queued"), [Enqueued::Inserted]);
        assert_eq!(rig.jobs().await, [], "nobody sees it yet");
        if keep {
            tx.commit().await.expect("it ends");
        } else {
            tx.rollback().await.expect("it ends");
        }
        assert_eq!(rig.jobs().await.len(), usize::from(keep));
    }
}

#[tokio::test]
async fn a_job_is_settled_with_what_it_did_or_not_at_all() {
    let Place { rig, mut connection, _folder } = Place::new().await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let settle = Settle { job: job.id, token: job.token, ended: ended(Outcome::Succeeded, at(1)) };
    sqlx::raw_sql("CREATE TABLE effects (job integer)")
        .execute(&mut connection)
        .await
        .expect("a table");
    let effects = async |connection: &mut SqliteConnection| {
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM effects");
        count.fetch_one(connection).await.expect("a number")
    };
    for keep in [false, true] {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("a transaction");
        let effect = sqlx::query("INSERT INTO effects VALUES (1)").execute(&mut *tx).await;
        effect.expect("a row");
        let answers = rig.0.complete_in(&mut tx, clock(1), core::slice::from_ref(&settle)).await;
        assert_eq!(answers.expect("it is settled"), [Written::Done]);
        if keep {
            tx.commit().await.expect("it ends");
        } else {
            tx.rollback().await.expect("it ends");
            assert_eq!(rig.jobs().await.len(), 1);
            assert_eq!(effects(&mut connection).await, 0);
        }
    }
    assert_eq!(rig.jobs().await, []);
    assert_eq!(effects(&mut connection).await, 1);
}

#[tokio::test]
async fn a_job_that_somebody_else_has_by_now_is_not_settled() {
    let Place { rig, mut connection, _folder } = Place::new().await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let token = Token::new(job.token.number() + 1);
    let settle = Settle { job: job.id, token, ended: ended(Outcome::Succeeded, at(1)) };
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("a transaction");
    let answers = rig.0.complete_in(&mut tx, clock(1), &[settle]).await;
    assert_eq!(answers.expect("an answer"), [Written::LeaseLost]);
    tx.commit().await.expect("it ends");
    assert_eq!(rig.jobs().await.len(), 1);
}

#[tokio::test]
async fn a_key_that_is_taken_is_taken_inside_a_transaction_too() {
    let Place { rig, mut connection, _folder } = Place::new().await;
    let hold = Hold::Live;
    let [first, second] = [1, 2].map(|number| keyed(number, "t", "k", hold, Conflict::Reject));
    rig.enqueue_all(0, core::slice::from_ref(&first)).await;
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("a transaction");
    let answers = rig.0.enqueue_in(&mut tx, clock(1), &[second]).await.expect("an answer");
    assert_eq!(answers, [Enqueued::Rejected(first.id)]);
    tx.commit().await.expect("it ends");
    assert_eq!(rig.jobs().await.len(), 1);
}
