//! One job that is queued in one round trip is the job that a transaction would have queued.

mod place;

use mainspring_conformance::rig::{Rig, clock};
use mainspring_conformance::sample::{at, job_id, queued, secs, tags, task};
use mainspring_contract::record::{Enqueue, Enqueued, Job, JobState, Task, Written};
use mainspring_contract::{Encoded, Store, StoreErrorKind as Kind};
use mainspring_core::outcome::Outcome;
use mainspring_core::settings::{Backoff, Priority, Retry, Settings, Timeout};
use mainspring_postgres::{Options, PostgresStore};
use mainspring_support::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use place::Place;

/// A store, and somebody who looks at what it sends.
struct Watched {
    rig: Rig<PostgresStore>,
    beside: PgConnection,
    schema: String,
}

impl Watched {
    /// Job number one has been queued by a transaction, so that its task is known.
    async fn at(options: &Options) -> Self {
        let rig = Rig(PostgresStore::open_with(options).await.expect("the schema opens"));
        rig.enqueue_all(0, &[queued(1, "t")]).await;
        let beside = PgConnection::connect(&options.url).await.expect("a connection");
        let schema = options.schema.clone().expect("a schema");
        let mut watched = Self { rig, beside, schema };
        let watch = "CREATE TABLE schema.sent (at_once boolean);
            GRANT INSERT ON schema.sent TO PUBLIC;
            CREATE FUNCTION schema.watch() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO schema.sent VALUES (current_query() LIKE '%mainspring_add%');
                    RETURN NEW;
                END
            $$;
            CREATE TRIGGER watch BEFORE INSERT ON schema.mainspring_jobs
                FOR EACH ROW EXECUTE FUNCTION schema.watch()";
        watched.run(watch).await;
        watched
    }

    async fn run(&mut self, sql: &str) {
        let sql = sql.replace("schema.", &format!("\"{}\".", self.schema));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.beside).await.expect("it runs");
    }

    /// How many jobs were added in one round trip, and how many in a transaction.
    async fn sent(&mut self) -> [i64; 2] {
        let sql = "SELECT count(*) FILTER (WHERE at_once), count(*) FILTER (WHERE NOT at_once) \
                   FROM schema.sent";
        let sql = AssertSqlSafe(sql.replace("schema.", &format!("\"{}\".", self.schema)));
        let row = sqlx::query(sql).fetch_one(&mut self.beside).await.expect("two counts");
        [row.get(0), row.get(1)]
    }

    /// Cuts the store's connection once its server waits for this.
    async fn cut_once_it_waits_for(&mut self, what: &str) {
        let cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                   WHERE datname = current_database() AND application_name = 'mainspring' \
                       AND (wait_event_type = $1 OR wait_event = $1)";
        let mut cuts = 0;
        while cuts == 0 {
            let rows = sqlx::query(cut).bind(what).fetch_all(&mut self.beside).await;
            cuts = rows.expect("rows").len();
        }
    }

    async fn job(&self, number: u64) -> Job {
        self.rig.job(job_id(number)).await.expect("it is queued")
    }
}

/// Everything that a plain job can have, with whatever text may mean something to SQL.
fn odd(number: u64) -> Enqueue {
    let odd = "'); DROP SCHEMA \"x\"; -- \\' $1 :a %s é 雨 \u{1F980}";
    let bytes = (0..=u8::MAX).chain(odd.bytes()).collect::<Vec<_>>();
    let job = queued(number, odd);
    let backoff = Backoff::Exponential { first: secs(3), max: secs(90) };
    let settings = Settings {
        priority: Priority::new(3),
        timeout: Some(Timeout::After(secs(17))),
        retry: Some(Retry { max: 5, backoff, jitter: 20 }),
        max_rescues: Some(7),
    };
    Enqueue {
        payload: Encoded { bytes: bytes.into(), ..job.payload.clone() },
        settings,
        tags: Some(tags(&["it's", "a\\b", "$1"])),
        ready_at: Some(at(50)),
        start_by: Some(at(70)),
        ..job
    }
}

#[tokio::test]
async fn a_job_is_the_same_however_it_travels() {
    let place = Place::default();
    drop(place.fresh().await);
    let mut watched = Watched::at(&place.options().await).await;
    watched.rig.enqueue_all(5, &[odd(2), queued(3, "t")]).await;
    assert_eq!(watched.sent().await, [0, 2], "a batch is not for this");
    watched.rig.enqueue_all(5, &[odd(4)]).await;
    watched.rig.enqueue_all(5, &[queued(5, "t")]).await;
    assert_eq!(watched.sent().await, [2, 2]);
    assert_eq!(Job { id: job_id(2), ..watched.job(4).await }, watched.job(2).await);
    assert_eq!(Job { id: job_id(3), ..watched.job(5).await }, watched.job(3).await);
    assert_eq!(watched.rig.enqueue(6, &odd(4)).await, Enqueued::Exists);
    let job = watched.rig.claim(6, "w", &["t"], 1).await.remove(0);
    assert_eq!(watched.rig.settle(6, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(watched.rig.enqueue(6, &queued(1, "t")).await, Enqueued::Exists, "it is over");
    assert_eq!(watched.sent().await, [2, 2]);
}

#[tokio::test]
async fn a_job_waits_for_its_time_by_the_clock_of_the_server() {
    let place = Place::default();
    drop(place.fresh().await);
    let mut watched = Watched::at(&place.options().await).await;
    let server = mainspring_contract::Clock::Server;
    let reply = watched.rig.0.enqueue(server, &[queued(2, "t")]).await.expect("it is queued");
    let now = reply.pulse.store_now;
    assert_eq!((watched.sent().await, reply.value), ([1, 0], vec![Enqueued::Inserted]));
    let job = watched.job(2).await;
    assert_eq!((job.created_at, job.state), (now, JobState::Waiting { ready_at: now }));
    let later = Some(now + secs(3_600));
    let delayed = Enqueue { ready_at: later, ..queued(3, "t") };
    let reply = watched.rig.0.enqueue(server, &[delayed]).await.expect("it is queued");
    assert_eq!((watched.sent().await, reply.pulse.next_ready_at), ([2, 0], later));
}

#[tokio::test]
async fn a_task_that_has_changed_is_looked_at_again() {
    let place = Place::default();
    drop(place.fresh().await);
    let mut watched = Watched::at(&place.options().await).await;
    let other = Rig(place.open().await);
    let settings = Settings { priority: Priority::new(9), ..Settings::NONE };
    other.put_task(1, Task { settings, ..task("t", None) }).await;
    watched.rig.enqueue_all(2, &[queued(2, "t")]).await;
    assert_eq!(watched.sent().await, [0, 1], "what is in mind is old");
    watched.rig.enqueue_all(2, &[queued(3, "t")]).await;
    assert_eq!(watched.sent().await, [1, 1]);
    for number in [2, 3] {
        assert_eq!(Some(watched.job(number).await.terms.priority), Priority::new(9));
    }
}

#[tokio::test]
async fn a_large_payload_goes_the_ordinary_way() {
    let place = Place::default();
    drop(place.fresh().await);
    let mut watched = Watched::at(&place.options().await).await;
    for (number, length) in [(2, 4_096), (3, 4_097)] {
        let payload = Encoded { bytes: vec![7; length].into(), ..queued(1, "t").payload };
        let job = Enqueue { payload: payload.clone(), ..queued(number, "t") };
        watched.rig.enqueue_all(2, &[job]).await;
        assert_eq!(watched.job(number).await.payload, payload);
    }
    assert_eq!(watched.sent().await, [1, 1]);
}

#[tokio::test]
async fn a_connection_that_is_cut_before_the_job_is_there_costs_nothing() {
    let place = Place::default();
    drop(place.fresh().await);
    let options = place.options().await;
    let mut watched = Watched::at(&options).await;
    let mut holder = PgConnection::connect(&options.url).await.expect("a connection");
    let mut held = holder.begin().await.expect("a transaction");
    let lock = format!("LOCK TABLE \"{}\".mainspring_jobs IN SHARE MODE", watched.schema);
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *held).await.expect("the lock");
    let store = PostgresStore::open_with(&options).await.expect("the schema opens");
    let store = core::mem::replace(&mut watched.rig.0, store);
    let trouble = async {
        watched.cut_once_it_waits_for("Lock").await;
        held.rollback().await.expect("it ends");
    };
    let job = [queued(2, "t")];
    let (answer, ()) = tokio::join!(store.enqueue(clock(1), &job), trouble);
    assert_eq!(answer.expect("it is queued").value, [Enqueued::Inserted]);
    assert_eq!(watched.sent().await, [0, 1]);
}

/// A server that waits for a copy elsewhere before it answers has the job by then.
#[tokio::test]
async fn a_job_whose_answer_is_lost_is_not_said_to_be_somebody_elses() {
    let server = Postgres::start().await;
    let database = server.database().await;
    let mut options = Options::new(database.url());
    options.schema = Some("jobs".to_owned());
    let mut watched = Watched::at(&options).await;
    let store = PostgresStore::open_with(&options).await.expect("the schema opens");
    let store = core::mem::replace(&mut watched.rig.0, store);
    let nobody = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'";
    watched.run(nobody).await;
    watched.run("SELECT pg_reload_conf()").await;
    let job = [queued(2, "t")];
    let cut = watched.cut_once_it_waits_for("SyncRep");
    let (answer, ()) = tokio::join!(store.enqueue(clock(1), &job), cut);
    let error = answer.expect_err("nobody knows");
    assert_eq!(error.kind(), Kind::OutcomeUnknown, "{error}");
    let answer = store.enqueue(clock(1), &job).await.expect("it is there");
    assert_eq!(answer.value, [Enqueued::Exists]);
    assert_eq!(watched.job(2).await.id, job_id(2));
}
