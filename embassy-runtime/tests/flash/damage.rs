//! Flash that is not what was written to it: the device starts, keeps the rest and says what is
//! missing.

use embassy_futures::block_on;
use mainspring_core::dice::Dice;
use mainspring_core::time::Span;
use mainspring_embassy::flash::Options;
use mainspring_embassy::journal::{Journal, Loss, Restored};
use sequential_storage::cache::Cache;
use sequential_storage::queue::{QueueConfig, QueueStorage};

use crate::device::{Numbers, State, Store, journal, mono, put, restart, step, wall};
use crate::nor::Nor;

type Flash = Nor<1024, 4>;

/// A flash after so many steps, and the ledger that it stands for.
fn lived(steps: u32) -> (Flash, Store) {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(Flash::erased(4), Options::default());
    for number in 0..steps {
        let _ = step(&mut ledger, number);
        block_on(journal.record(&ledger, mono(number))).expect("there is room");
    }
    (journal.into_flash(), ledger)
}

fn start(flash: Flash, options: Options) -> (Store, Restored, Flash) {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(flash, options);
    let restored = block_on(journal.restore(&mut ledger)).expect("a device starts");
    (ledger, restored, journal.into_flash())
}

/// A device that starts with this flash keeps what it does from then on.
fn goes_on(flash: Flash) {
    let mut ledger = Store::EMPTY;
    let mut running = journal(flash, Options::default());
    let restored = block_on(running.restore(&mut ledger)).expect("a device starts");
    for number in 1_000..1_024 {
        let _ = step(&mut ledger, number);
        let done = block_on(running.record(&ledger, mono(number)));
        done.unwrap_or_else(|error| panic!("{error} after {restored:?}"));
    }
    let (again, restored, _) = start(running.into_flash(), Options::default());
    assert_eq!(restored.loss, Loss::NONE, "a loss is over once something was written");
    assert_eq!(State::of(&again), State::of(&ledger));
}

fn below(dice: &mut Dice, most: usize) -> usize {
    usize::try_from(dice.span(Span::from_micros(most as i64 - 1)).as_micros()).expect("positive")
}

#[test]
fn bytes_that_make_no_sense_are_no_obstacle() {
    for seed in 0..400 {
        let mut dice = Dice::seeded(seed);
        let mut bytes = vec![0xff; 4096];
        // From nearly erased to noise.
        let density = 1 + below(&mut dice, 255);
        for byte in &mut bytes {
            if below(&mut dice, 256) < density {
                *byte = u8::try_from(below(&mut dice, 256)).expect("a byte");
            }
        }
        goes_on(Flash::holding(bytes));
    }
}

/// Items whose checksums are right and whose bytes are not what this program has written: those of
/// a life with some bytes changed, in a flash of their own.
#[test]
fn records_that_are_whole_and_make_no_sense_are_no_obstacle() {
    let (flash, _) = lived(30);
    let items = items(&flash.bytes);
    assert!(items.len() > 8, "a life of {} records", items.len());
    let mut losses = 0;
    for seed in 0..1_500 {
        let mut dice = Dice::seeded(seed);
        let mut other = Flash::erased(4);
        let config = QueueConfig::new(0..1024);
        let mut queue = QueueStorage::new(&mut other, config, Cache::new_uncached());
        for (at, length) in &items {
            let mut item = flash.bytes[*at..at + length].to_vec();
            for _ in 0..below(&mut dice, 3) {
                let wrong = below(&mut dice, item.len());
                item[wrong] = u8::try_from(below(&mut dice, 256)).expect("a byte");
            }
            if block_on(queue.push(&item, false)).is_err() {
                break;
            }
        }
        let mut ledger = Store::EMPTY;
        let mut running = journal(other, Options::default());
        let restored = block_on(running.restore(&mut ledger)).expect("a device starts");
        losses += u32::from(restored.loss != Loss::NONE);
        restart(&mut ledger, 31);
        put(&mut ledger, 5, 0, wall(31));
        block_on(running.record(&ledger, mono(31))).expect("there is room");
        let (again, restored, _) = start(running.into_flash(), Options::default());
        assert_eq!(restored.loss, Loss::NONE, "a loss is over once something was written");
        assert_eq!(State::of(&again), State::of(&ledger));
    }
    assert!(losses > 500, "only {losses} losses were noticed");
}

#[test]
fn a_flash_with_wrong_bytes_starts_and_goes_on() {
    let (flash, _) = lived(150);
    for seed in 0..400 {
        let mut dice = Dice::seeded(seed);
        let mut bytes = flash.bytes.clone();
        for _ in 0..=below(&mut dice, 12) {
            let at = below(&mut dice, bytes.len());
            bytes[at] = u8::try_from(below(&mut dice, 256)).expect("a byte");
        }
        goes_on(Flash::holding(bytes));
    }
}

#[test]
fn half_erased_pages_anywhere_are_recovered_from() {
    let (flash, _) = lived(150);
    for seed in 0..400 {
        let mut dice = Dice::seeded(seed);
        let mut bytes = flash.bytes.clone();
        let page = below(&mut dice, 4) * 1024;
        // Mostly all or nothing, as at the end and the beginning of an erase.
        let chance = [3, 30, 500, 970, 997][below(&mut dice, 5)];
        for byte in &mut bytes[page..page + 1024] {
            for bit in 0..8 {
                *byte |= u8::from(below(&mut dice, 1_000) < chance) << bit;
            }
        }
        goes_on(Flash::holding(bytes));
    }
}

/// The items in the first half of a flash: where their data are, and how long.
fn items(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut items = Vec::new();
    for page in [0, 1024] {
        let mut at = page + 4;
        while at + 8 < page + 1020 && bytes[at..at + 8].iter().any(|byte| *byte != 0xff) {
            let length = usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
            items.push((at + 8, length));
            at += 8 + length.next_multiple_of(4);
        }
    }
    items
}

/// Three schedules that were put one after the other, each a record of its own.
fn three() -> (Flash, Store) {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(Flash::erased(4), Options::default());
    for id in 0..3 {
        put(&mut ledger, id, 0, wall(0));
        block_on(journal.record(&ledger, mono(0))).expect("there is room");
    }
    (journal.into_flash(), ledger)
}

#[test]
fn a_record_that_is_lost_takes_no_other_with_it() {
    let (flash, ledger) = three();
    let (at, length) = items(&flash.bytes)[1];
    let mut bytes = flash.bytes.clone();
    bytes[at + length / 2] ^= 0x10;
    let (kept, restored, flash) = start(Flash::holding(bytes), Options::default());
    assert_eq!(restored.loss, Loss { missing: 1, ..Loss::NONE });
    assert_eq!((restored.schedules, kept.schedule(&1)), (2, None));
    for id in [0, 2] {
        assert_eq!(kept.schedule(&id), ledger.schedule(&id));
    }
    goes_on(flash);
}

#[test]
fn a_page_that_does_not_answer_is_told_and_what_is_in_it_does_not_come_back() {
    let mut pages_that_count = 0;
    for steps in 30..90 {
        let (flash, lived) = lived(steps);
        for page in 0..4 {
            let mut ledger = Store::EMPTY;
            let mut running = journal(flash.clone(), Options::default());
            running.flash().deaf = Some(page);
            let Ok(restored) = block_on(running.restore(&mut ledger)) else {
                // Nothing else counts, so that the device does not start.
                continue;
            };
            assert!(restored.loss.missing > 0, "page {page} after {steps} steps");
            pages_that_count += u32::from(State::of(&ledger) != State::of(&lived));
            // It answers again.
            running.flash().deaf = None;
            put(&mut ledger, 5, steps, wall(steps));
            block_on(running.record(&ledger, mono(steps))).expect("there is room");
            let (again, restored, _) = start(running.into_flash(), Options::default());
            assert_eq!(restored.loss, Loss::NONE, "a loss is over once something was written");
            assert_eq!(State::of(&again), State::of(&ledger), "page {page} after {steps} steps");
        }
    }
    assert!(pages_that_count > 60, "only {pages_that_count} pages would have been missed");
}

#[test]
fn what_another_layout_has_written_is_passed_over() {
    let (flash, _) = three();
    let other = Options { layout: 9, ..Options::default() };
    let (_, restored, _) = start(flash.clone(), other);
    assert_eq!(restored.loss, Loss { foreign: 3, ..Loss::NONE });
    assert_eq!(restored.schedules, 0);
    // Reading alone destroys nothing.
    let (_, restored, _) = start(flash, Options::default());
    assert_eq!((restored.schedules, restored.loss), (3, Loss::NONE));
}

#[test]
fn what_does_not_fit_any_more_is_counted() {
    let (flash, _) = three();
    let mut small: mainspring_core::ledger::Ledger<
        Numbers,
        mainspring_core::room::Inline<2>,
        mainspring_core::room::Inline<4>,
        mainspring_core::room::Inline<2>,
    > = mainspring_core::ledger::Ledger::EMPTY;
    let range = flash.range();
    let mut journal: mainspring_embassy::flash::FlashJournal<Numbers, Flash, 2, 2> =
        mainspring_embassy::flash::FlashJournal::new(flash, range, Options::default())
            .expect("a flash of even pages");
    let restored = block_on(journal.restore(&mut small)).expect("a device starts");
    assert_eq!((restored.schedules, restored.loss.rows), (2, 1));
}

#[test]
fn rows_that_fit_into_no_half_are_an_error_and_erase_nothing() {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(Nor::<128, 4>::erased(2), Options::default());
    for id in 0..5 {
        put(&mut ledger, id, 0, wall(0));
    }
    for _ in 0..3 {
        let done = block_on(journal.record(&ledger, mono(0)));
        assert!(done.is_err(), "five schedules in 128 bytes");
    }
    let flash = journal.into_flash();
    assert_eq!((flash.erased, flash.spent), (0, 0));
}
