//! Five nodes share one store while they are killed, stopped, cut off and updated, their clocks are
//! wrong, and their store and their broker are mistreated; and what ran is held against what was
//! due.

#![expect(clippy::print_stdout, reason = "the counts are the result")]

mod driver;
mod idle;
mod server;
mod site;
mod versions;
mod witness;

use driver::Driver;
use mainspring_chaos::dice::{Dice, SEED};
use mainspring_chaos::matcher;
use mainspring_support::{
    MariaDbService, MongoDbService, MosquittoService, NatsService, PostgresService, RedisService,
};
use server::{Both, WithBroker};
use site::{File, Site};

fn nothing_is_lost_doubled_or_overlapped(mut site: impl Site) {
    let mut dice = Dice::from_env();
    let seed = dice.seed();
    println!("{SEED}={seed}");
    let mut driver = Driver::new(&mut site, &mut dice);
    let timetable = driver.mistreat();
    let (evidence, queued) = driver.settle(&timetable);
    let (faults, tally) = matcher::check(&evidence);
    println!("jobs queued by hand {queued}\n{tally}");
    let about = evidence.about(&faults);
    assert!(faults.is_empty(), "{SEED}={seed}: {} faults:\n{faults:#?}\n{about}", faults.len());
    // Otherwise the test would prove little.
    assert!(tally.kills > 0 && tally.pauses > 0 && tally.outages > 0, "{tally}");
    assert!(tally.acknowledged > 0, "no node has told what its store has written down");
    assert!(tally.interrupted > 0 && tally.skipped > 0 && tally.retried > 0, "{tally}");
    assert!(queued > 100, "{queued}");
}

#[test]
fn nodes_that_share_a_file_survive() {
    nothing_is_lost_doubled_or_overlapped(File::new());
}

#[test]
fn nodes_on_postgresql_and_its_notices_survive() {
    nothing_is_lost_doubled_or_overlapped(Both::new());
}

#[test]
fn nodes_on_postgresql_and_redis_survive() {
    nothing_is_lost_doubled_or_overlapped(WithBroker::<PostgresService, RedisService>::new());
}

#[test]
fn nodes_on_mariadb_and_mqtt_survive() {
    nothing_is_lost_doubled_or_overlapped(WithBroker::<MariaDbService, MosquittoService>::new());
}

#[test]
fn nodes_on_mongodb_and_nats_survive() {
    nothing_is_lost_doubled_or_overlapped(WithBroker::<MongoDbService, NatsService>::new());
}
