//! Nodes are updated one by one: the program of the schema before goes on while the next one
//! migrates, and beside it.

mod place;

use mainspring_conformance::node::record;
use mainspring_conformance::rig::{Rig, clock, value};
use mainspring_conformance::sample::{advance, at, queued, replace, spec};
use mainspring_contract::Store;
use mainspring_contract::record::Written;
use mainspring_contract::store::RunFilter;
use mainspring_core::outcome::Outcome;
use mainspring_mysql::migrations;

use place::{Place, number, run};

/// Back to the tables of version 1: what the next step added goes, and nobody knows of it.
const VERSION_1: &str =
    "DROP TABLE mainspring_nodes; DELETE FROM mainspring_migrations WHERE version > 1";

/// Who opened the store before the step knows version 1 and uses nothing else.
#[tokio::test]
async fn a_program_of_the_version_before_goes_on_while_the_next_one_migrates() {
    let place = Place::new().await;
    let options = place.options();
    let old = Rig(place.open().await);
    let mut connection = place.beside().await;
    run(&mut connection, VERSION_1).await;

    old.enqueue_all(0, &[queued(1, "t"), queued(2, "t")]).await;
    let _ = old.put(0, &replace(&spec("s", "t"), at(1))).await;
    let job = old.claim(0, "w", &["t"], 1).await.remove(0);
    let due = old.claim_due(1, "p", 9).await.remove(0);

    let owed = migrations::plan(&options).await.expect("a plan");
    assert_eq!(owed.iter().map(|step| step.version).collect::<Vec<_>>(), [2]);
    // Said of the step, and what decides whether the old program may open the store again.
    assert!(owed.iter().all(|step| step.min_program <= 1), "the old program is let in");
    let new = Rig(place.open().await);
    assert_eq!(migrations::plan(&options).await.expect("a plan"), []);
    let noted = "SELECT COUNT(*) FROM mainspring_migrations";
    assert_eq!(number(&mut connection, noted).await, 2);
    value(new.0.beat(clock(1), &record("n")).await);

    assert_eq!(old.settle(1, &job, Outcome::Succeeded).await, Written::Done);
    let fired = advance(&due, at(1), at(99));
    assert_eq!(value(old.0.advance(clock(2), &[fired]).await).len(), 1);
    let fired = new.claim(3, "n", &["t"], 9).await;
    assert_eq!(fired.len(), 2, "what is left, and what the old program has fired");
    old.enqueue_all(3, &[queued(3, "t")]).await;
    for job in fired.iter().chain(&new.claim(3, "n", &["t"], 9).await) {
        assert_eq!(new.settle(4, job, Outcome::Succeeded).await, Written::Done);
    }
    assert_eq!(old.jobs().await, []);
    assert_eq!(old.runs(&RunFilter::newest(9)).await, new.runs(&RunFilter::newest(9)).await);
    assert_eq!(old.runs(&RunFilter::newest(9)).await.len(), 4);
}
