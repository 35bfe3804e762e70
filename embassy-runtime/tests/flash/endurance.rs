//! How long the flash lasts: the table in the documentation, from what the journal really writes.

use embassy_futures::block_on;
use mainspring_core::time::{Mono, Span};
use mainspring_embassy::flash::Options;
use mainspring_embassy::journal::{Durable, Journal};

use crate::device::{Seen, Store, claim, finish, journal, plan, put, wall};
use crate::nor::Nor;

/// A device with five schedules, of which one fires each 30 seconds.
struct Life {
    fires: u64,
    bytes: u64,
    /// Of each page, on average.
    erases: f64,
}

fn life<const PAGE: usize, const WORD: usize>(pages: usize, durable: Durable) -> Life {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(Nor::<PAGE, WORD>::erased(pages), Options { durable, layout: 0 });
    for id in 0..5 {
        put(&mut ledger, id, 0, wall(0));
    }
    for id in 1..5 {
        ledger.pause(&id, wall(0));
    }
    let mut now = Mono::ZERO;
    block_on(journal.record(&ledger, now)).expect("there is room");
    let before = (journal.flash().erased, journal.flash().spent);
    let mut fires: u32 = 0;
    // Until each page was erased often enough for an average.
    while fires < 60_000 && journal.flash().erased < before.0 + 6 * pages as u64 {
        fires += 1;
        now = now + Span::from_secs(30);
        let at = wall(0) + Span::from_secs(30 * i64::from(fires));
        plan(&mut ledger, at);
        claim(&mut ledger, at, &mut Seen::default());
        block_on(journal.record(&ledger, now)).expect("there is room");
        // What runs succeeds: only every fourth step fails, for this schedule.
        finish(&mut ledger, 1, at, &mut Seen::default());
        block_on(journal.record(&ledger, now)).expect("there is room");
    }
    let (erased, spent) = (journal.flash().erased - before.0, journal.flash().spent - before.1);
    let erases = erased as f64 / pages as f64;
    let fires = u64::from(fires);
    Life { fires, bytes: (spent - erased * PAGE as u64) / fires, erases }
}

/// Years until the rated number of cycles is used up, if so many fires happen each day.
fn years(life: &Life, rated: f64, a_day: f64) -> String {
    if life.erases == 0.0 {
        return "no wear".to_owned();
    }
    let days = rated / life.erases * life.fires as f64 / a_day;
    let years = days / 365.25;
    if years > 100.0 { "> 100".to_owned() } else { format!("{years:.1}") }
}

fn row<const PAGE: usize, const WORD: usize>(what: &str, pages: usize, rated: f64) -> String {
    let modes = [
        ("every", Durable::Every),
        ("within 15 min", Durable::Within(Span::from_mins(15))),
        ("config", Durable::Config),
    ];
    let mut rows = String::new();
    for (mode, durable) in modes {
        let life = life::<PAGE, WORD>(pages, durable);
        let bytes = life.bytes;
        let fires = if life.erases == 0.0 {
            "".to_owned()
        } else {
            format!("{:.0}", life.fires as f64 / life.erases)
        };
        rows.push_str(&format!(
            "| {what} | {pages} × {PAGE} | {mode} | {bytes} | {fires} | {} | {} |\n",
            years(&life, rated, 1_440.0),
            years(&life, rated, 24.0),
        ));
    }
    rows
}

#[test]
fn the_table_of_endurance_is_what_the_journal_writes() {
    let mut table = "\
| flash | pages × bytes | durable | bytes a fire | fires an erase | years, each minute | each hour |
|---|---|---|---|---|---|---|
"
    .to_owned();
    table.push_str(&row::<4096, 4>("nRF52840, 10 000 cycles", 4, 10_000.0));
    table.push_str(&row::<4096, 4>("nRF52840, 10 000 cycles", 16, 10_000.0));
    table.push_str(&row::<4096, 1>("NOR over QSPI (RP2040), 100 000 cycles", 16, 100_000.0));
    table.push_str(&row::<2048, 8>("STM32G4, 10 000 cycles", 16, 10_000.0));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/flash/endurance.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &table).expect("the source tree can be written");
    }
    let reviewed = std::fs::read_to_string(path).expect("the table is there");
    assert_eq!(table, reviewed, "review the change, then run this test with UPDATE=1");
}
