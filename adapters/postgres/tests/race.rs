//! A job that two programs add at the same moment, and that is over for one of them before the
//! other one's statement gets to it, does not come back.

mod place;

use mainspring_conformance::rig::{Rig, clock};
use mainspring_conformance::sample::queued;
use mainspring_contract::Store;
use mainspring_contract::record::Enqueued;
use mainspring_postgres::PostgresStore;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use place::Place;

/// Who adds a job waits until this one lets go, with a statement that sees no change of now on.
struct Gate {
    connection: PgConnection,
    schema: String,
}

impl Gate {
    async fn close(place: &Place) -> Self {
        let options = place.options().await;
        let connection = PgConnection::connect(&options.url).await.expect("a connection");
        let schema = format!("\"{}\"", options.schema.expect("a schema"));
        let mut gate = Self { connection, schema };
        let wait = "SELECT pg_advisory_lock(7);
            CREATE FUNCTION schema.gate() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END';
            CREATE TRIGGER gate BEFORE INSERT ON schema.mainspring_jobs
                FOR EACH ROW EXECUTE FUNCTION schema.gate()";
        gate.run(wait).await;
        gate
    }

    /// Somebody stands there.
    async fn wait(&mut self) {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 \
                       AND NOT granted AND database = \
                           (SELECT oid FROM pg_database WHERE datname = current_database())";
        let mut standing = 0_i64;
        while standing == 0 {
            let row = sqlx::query(waiting).fetch_one(&mut self.connection).await;
            standing = row.expect("a count").get(0);
        }
    }

    /// Job number one has been run and is over, as far as everybody sees who looks now.
    async fn settle(&mut self) {
        let id = uuid::Uuid::from_bytes(*queued(1, "t").id.as_bytes());
        let run = "INSERT INTO schema.mainspring_runs (
                job, token, attempt, task, origin, node, outcome, started_at_us, finished_at_us,
                settled, seq, noted_at_us, slot
            ) VALUES ('{id}', 1, 1, 't', 1, 'other', 0, 0, 0, true,
                nextval('schema.mainspring_runs_seq'), 0, 0)";
        self.run(&run.replace("{id}", &id.to_string())).await;
    }

    async fn open(mut self) {
        self.run("SELECT pg_advisory_unlock(7)").await;
    }

    async fn run(&mut self, sql: &str) {
        let sql = sql.replace("schema.", &format!("{}.", self.schema));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection).await.expect("it runs");
    }
}

async fn jobs(rig: &Rig<PostgresStore>) -> Vec<mainspring_contract::JobId> {
    rig.jobs().await.into_iter().map(|job| job.id).collect()
}

#[tokio::test]
async fn a_job_that_was_over_meanwhile_does_not_come_back() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let mut gate = Gate::close(&place).await;
    let (both, other) = ([queued(1, "t"), queued(2, "t")], async {
        gate.wait().await;
        gate.settle().await;
        gate.open().await;
    });
    let (answers, ()) = tokio::join!(rig.0.enqueue(clock(0), &both), other);
    let answers = answers.expect("the store answers").value;
    assert_eq!(answers, [Enqueued::Exists, Enqueued::Inserted]);
    assert_eq!(jobs(&rig).await, [both[1].id]);
}

#[tokio::test]
async fn nor_when_it_is_queued_in_one_round_trip() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    rig.enqueue_all(0, &[queued(9, "t")]).await;
    let mut gate = Gate::close(&place).await;
    let (job, other) = (queued(1, "t"), async {
        gate.wait().await;
        gate.settle().await;
        gate.open().await;
    });
    let (answer, ()) = tokio::join!(rig.enqueue(0, &job), other);
    assert_eq!(answer, Enqueued::Exists);
    assert_eq!(jobs(&rig).await, [queued(9, "t").id]);
}

#[tokio::test]
async fn nor_in_a_transaction_of_the_program() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let mut gate = Gate::close(&place).await;
    let url = place.options().await.url;
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    let mut tx = connection.begin().await.expect("a transaction");
    let (both, other) = ([queued(1, "t"), queued(2, "t")], async {
        gate.wait().await;
        gate.settle().await;
        gate.open().await;
    });
    let (answers, ()) = tokio::join!(rig.0.enqueue_in(&mut tx, clock(0), &both), other);
    assert_eq!(answers.expect("the store answers"), [Enqueued::Exists, Enqueued::Inserted]);
    tx.commit().await.expect("it is written");
    assert_eq!(jobs(&rig).await, [both[1].id]);
}
