//! Jobs that are queued or settled inside a transaction of the program's own.

mod place;

use mainspring_conformance::rig::{Rig, clock};
use mainspring_conformance::sample::{at, ended, keyed, queued};
use mainspring_contract::record::{Conflict, Enqueued, Hold, Settle, Written};
use mainspring_contract::store::JobFilter;
use mainspring_contract::{Clock, Store, StoreErrorKind as Kind};
use mainspring_core::outcome::Outcome;
use sqlx::{Connection, MySqlConnection};

use place::{Place, number, run};

/// A connection whose transactions see what was committed before each statement.
async fn committed(place: &Place) -> MySqlConnection {
    let mut connection = place.beside().await;
    run(&mut connection, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await;
    connection
}

#[tokio::test]
async fn a_job_in_a_transaction_that_is_rolled_back_never_was() {
    let place = Place::new().await;
    let store = place.open().await;
    let mut connection = committed(&place).await;
    // Whatever the user's session says about time and modes.
    run(&mut connection, "SET time_zone = '+05:00', sql_mode = 'ANSI_QUOTES'").await;
    for keep in [false, true] {
        let mut tx = connection.begin().await.expect("a transaction");
        let answers = store.enqueue_in(&mut tx, Clock::Server, &[queued(1, "t")]).await;
        assert_eq!(answers.expect("it is queued"), [Enqueued::Inserted]);
        assert_eq!(store.jobs(&JobFilter::first(9)).await.expect("a list"), []);
        if keep {
            tx.commit().await.expect("it ends");
        } else {
            tx.rollback().await.expect("it ends");
        }
    }
    let rig = Rig(store);
    let reply = rig.0.enqueue(Clock::Server, &[]).await.expect("an answer");
    let waited = reply.pulse.store_now.since(rig.jobs().await.remove(0).created_at);
    assert!(waited.as_micros() < 60_000_000, "both clocks are UTC");
}

#[tokio::test]
async fn a_job_is_settled_with_what_it_did_or_not_at_all() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let settle = Settle { job: job.id, token: job.token, ended: ended(Outcome::Succeeded, at(1)) };
    let mut connection = committed(&place).await;
    for keep in [false, true] {
        let mut tx = connection.begin().await.expect("a transaction");
        let answers = rig.0.complete_in(&mut tx, clock(1), core::slice::from_ref(&settle)).await;
        assert_eq!(answers.expect("it is settled"), [Written::Done]);
        if keep {
            tx.commit().await.expect("it ends");
        } else {
            tx.rollback().await.expect("it ends");
            assert_eq!(rig.jobs().await.len(), 1);
        }
    }
    assert_eq!(rig.jobs().await, []);
}

#[tokio::test]
async fn a_transaction_that_would_decide_by_an_old_state_is_refused() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let settle = Settle { job: job.id, token: job.token, ended: ended(Outcome::Succeeded, at(1)) };
    let mut connection = place.beside().await;
    for isolation in ["the default", "READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE"] {
        if isolation != "the default" {
            let set = format!("SET SESSION TRANSACTION ISOLATION LEVEL {isolation}");
            run(&mut connection, set).await;
        }
        let mut tx = connection.begin().await.expect("a transaction");
        let enqueued = rig.0.enqueue_in(&mut tx, Clock::Server, &[queued(2, "t")]).await;
        let settled = rig.0.complete_in(&mut tx, clock(1), core::slice::from_ref(&settle)).await;
        for error in [enqueued.expect_err(isolation), settled.expect_err(isolation)] {
            assert_eq!(error.kind(), Kind::Backend, "{error}");
            assert!(error.to_string().contains("LEVEL READ COMMITTED"), "{error}");
        }
        tx.commit().await.expect("nothing was done in it");
        assert_eq!(rig.jobs().await.len(), 1, "{isolation}");
    }
}

#[tokio::test]
async fn a_key_that_was_taken_while_a_transaction_was_open_is_taken_for_it_too() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    let mut connection = committed(&place).await;
    let mut tx = connection.begin().await.expect("a transaction");
    let keys = "SELECT COUNT(*) FROM mainspring_keys";
    assert_eq!(number(&mut tx, keys).await, 0, "it has looked");
    let hold = Hold::Live;
    let [first, second] = [1, 2].map(|number| keyed(number, "t", "k", hold, Conflict::Reject));
    rig.enqueue_all(0, core::slice::from_ref(&first)).await;
    let answers = rig.0.enqueue_in(&mut tx, clock(1), &[second]).await.expect("an answer");
    assert_eq!(answers, [Enqueued::Rejected(first.id)]);
    tx.commit().await.expect("it ends");
    assert_eq!(rig.jobs().await.len(), 1);
}
