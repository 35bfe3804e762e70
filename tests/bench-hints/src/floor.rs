//! What nobody could leave out who keeps jobs in PostgreSQL: a commit that queues and notifies, and
//! a commit that claims, each in one round trip.

use std::time::{Duration, Instant};

use mainspring_support::Postgres;
use sqlx::postgres::PgListener;
use sqlx::{Connection, Executor, PgConnection};

use crate::{APART, WARM_UP, clock};

/// The seconds from the call that queues to the answer of the claim.
pub(crate) async fn measure(server: &Postgres, samples: usize) -> Vec<f64> {
    let database = server.database().await;
    let mut client = PgConnection::connect(database.url()).await.expect("a connection");
    let table = "CREATE TABLE jobs (id serial PRIMARY KEY, payload text, leased boolean)";
    client.execute(table).await.expect("a table");
    let mut worker = PgConnection::connect(database.url()).await.expect("a connection");
    let mut listener = PgListener::connect(database.url()).await.expect("a connection");
    listener.listen("floor").await.expect("it listens");
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel::<Instant>();
    let claims = tokio::spawn(async move {
        while listener.recv().await.is_ok() {
            worker.execute(CLAIM).await.expect("it is claimed");
            if started.send(clock::now()).is_err() {
                break;
            }
        }
    });
    let mut seconds = Vec::with_capacity(samples);
    for sample in 0..samples + WARM_UP {
        clock::wait(APART + Duration::from_millis(sample as u64 % 7)).await;
        let before = clock::now();
        client.execute(QUEUE).await.expect("it is queued");
        let at = starts.recv().await.expect("it is claimed");
        if sample >= WARM_UP {
            seconds.push(at.duration_since(before).as_secs_f64());
        }
    }
    claims.abort();
    seconds
}

const QUEUE: &str =
    "BEGIN; INSERT INTO jobs (payload, leased) VALUES ('null', false); NOTIFY floor; COMMIT";
const CLAIM: &str = "UPDATE jobs SET leased = true WHERE id = (SELECT max(id) FROM jobs)";
