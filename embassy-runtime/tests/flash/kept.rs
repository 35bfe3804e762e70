//! What a journal of cursors keeps of a program's schedules, what it writes for that, and what it
//! makes of flash that is not what was written to it.

use embassy_futures::block_on;
use mainspring_core::dice::Dice;
use mainspring_core::room::Inline;
use mainspring_core::schedule::{Coalesce, PauseReason, Policies, Schedule, Spec};
use mainspring_core::time::{Mono, Span};
use mainspring_embassy::cursors::{CursorJournal, Interrupted, Options};
use mainspring_embassy::engine::DeviceLedger;
use mainspring_embassy::fixed::Fixed;
use mainspring_embassy::flash::RangeError;
use mainspring_embassy::journal::{Journal, Loss, Restored};
use mainspring_embassy::name::Name;
use mainspring_embassy::timing::Fires;

use crate::device::{mono, wall};
use crate::nor::{Asked, Nor};
use crate::program::{
    Here, Kept, OTHER, Rich, SCHEDULES, Seen, Store, boot, claim, finish, journal, owed, plan, put,
    put_all, remove, step,
};

type Flash = Nor<512, 4>;

const RUNS_AGAIN: Options = Options { interrupted: Interrupted::RunsAgain, within: Span::ZERO };
const IS_OVER: Options = Options { interrupted: Interrupted::IsOver, ..RUNS_AGAIN };
const WITHIN: Options = Options { within: Span::from_secs(100), ..RUNS_AGAIN };

/// A device after so many steps, each of which was recorded.
fn lived(pages: usize, steps: u32, options: Options) -> (Store, Kept<512, 4>) {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(Flash::erased(pages), options);
    for number in 0..steps {
        let _ = step(&mut ledger, number);
        block_on(journal.record(&ledger, mono(number))).expect("there is room");
    }
    (ledger, journal)
}

/// A device with one schedule, which fires each thirty seconds.
fn beating(options: Options) -> (Store, Kept<512, 4>) {
    let (mut ledger, mut journal) = (Store::EMPTY, journal(Flash::erased(4), options));
    put(&mut ledger, &SCHEDULES[0], wall(0));
    block_on(journal.record(&ledger, mono(0))).expect("there is room");
    (ledger, journal)
}

/// How many records a call has written.
fn records(ledger: &Store, journal: &mut Kept<512, 4>, at: Mono) -> usize {
    journal.flash().asked.clear();
    block_on(journal.record(ledger, at)).expect("there is room");
    journal.flash().asked.len()
}

/// When a journal has something to write, whatever the ledger.
fn deadline(journal: &Kept<512, 4>) -> Option<Mono> {
    Journal::<Here, Inline<8>, Inline<2>, Inline<16>, Inline<0>>::deadline(journal)
}

fn again(journal: &mut Kept<512, 4>, options: Options) -> (Store, Restored) {
    let (ledger, _, restored) = boot(journal.flash().clone(), options);
    (ledger, restored)
}

#[test]
fn a_fire_costs_one_record() {
    for (options, counts) in [(RUNS_AGAIN, [0, 0, 1]), (IS_OVER, [1, 0, 0])] {
        let (mut ledger, mut journal) = beating(options);
        plan(&mut ledger, wall(2));
        let fired = records(&ledger, &mut journal, mono(2));
        claim(&mut ledger, wall(2), &mut Seen::default());
        let claimed = records(&ledger, &mut journal, mono(2));
        while ledger.jobs().count() > 0 {
            finish(&mut ledger, 3, wall(3), &mut Seen::default());
            claim(&mut ledger, wall(9), &mut Seen::default());
        }
        assert_eq!([fired, claimed, records(&ledger, &mut journal, mono(4))], counts);
        assert_eq!(records(&ledger, &mut journal, mono(5)), 0);
        let (restored, what) = again(&mut journal, options);
        assert_eq!((what.schedules, what.jobs, what.loss), (1, 0, Loss::NONE));
        let (before, after) =
            (ledger.schedule(&SCHEDULES[0].id), restored.schedule(&SCHEDULES[0].id));
        let stands = |row: &Schedule<Here>| (row.next, row.last_fire_at, row.fired);
        assert_eq!(before.map(stands), after.map(stands));
    }
}

#[test]
fn a_job_that_is_interrupted_is_owed_or_over() {
    for (options, again_at) in [(RUNS_AGAIN, 0), (IS_OVER, 30)] {
        let (mut ledger, mut journal) = beating(options);
        let first = ledger.schedule(&SCHEDULES[0].id).and_then(|row| row.next.at());
        plan(&mut ledger, wall(2));
        claim(&mut ledger, wall(2), &mut Seen::default());
        block_on(journal.record(&ledger, mono(2))).expect("there is room");
        let (restored, _) = again(&mut journal, options);
        let row = restored.schedule(&SCHEDULES[0].id).expect("it is kept");
        let owed = first.map(|first| first + Span::from_secs(again_at));
        assert_eq!(row.next.at(), owed);
    }
}

#[test]
fn what_was_removed_or_replaced_begins_anew() {
    let (mut ledger, mut journal) = lived(4, 1, RUNS_AGAIN);
    remove(&mut ledger, SCHEDULES[1].id);
    put(&mut ledger, &OTHER, wall(3));
    assert_eq!(records(&ledger, &mut journal, mono(3)), 2);
    let (mut restored, what) = again(&mut journal, RUNS_AGAIN);
    assert_eq!((what.schedules, what.loss), (5, Loss::NONE));
    assert!(restored.schedule(&OTHER.id).is_none());
    put_all(&mut restored, wall(1_000));
    for spec in &SCHEDULES[..2] {
        let row = restored.schedule(&spec.id).expect("it was put");
        assert!(row.next.at().is_some_and(|at| at > wall(1_000)));
    }
}

#[test]
fn a_schedule_whose_trigger_has_changed_begins_anew_and_others_do_not() {
    const fn like(name: &str, fires: Fires, coalesce: Coalesce) -> Spec<Here> {
        let policies = Policies { coalesce, ..Policies::DEFAULT };
        Spec { policies, payload: 9, ..Fixed::spec(Name::of(name), Name::of("task"), fires) }
    }
    /// The next version of the program.
    static NEXT: [Spec<Here>; 3] = [
        like("minute", Fires::cron("* * * * *", "CET-1CEST,M3.5.0,M10.5.0/3"), Coalesce::Latest),
        like("slow", Fires::every_secs(170), Coalesce::Earliest),
        like("beat", Fires::every_secs(31), Coalesce::Latest),
    ];
    let (ledger, journal) = lived(4, 3, RUNS_AGAIN);
    let flash = journal.into_flash();
    let range = flash.range();
    let updated = CursorJournal::<Rich, _, 3>::new(flash, range, &NEXT, RUNS_AGAIN);
    let mut restored = Store::EMPTY;
    let what = block_on(updated.expect("room").restore(&mut restored)).expect("it starts");
    assert_eq!((what.schedules, what.loss), (1, Loss::NONE));
    let slow = &SCHEDULES[1].id;
    let next = |ledger: &Store| ledger.schedule(slow).map(|row| row.next);
    assert_eq!(next(&restored), next(&ledger));
}

#[test]
fn a_pause_is_kept_and_written_at_once() {
    let (mut ledger, mut journal) = beating(WITHIN);
    let id = SCHEDULES[0].id;
    ledger.pause(&id, wall(1));
    assert_eq!(records(&ledger, &mut journal, mono(1)), 1);
    let (restored, _) = again(&mut journal, WITHIN);
    let pause = restored.schedule(&id).and_then(|row| row.pause);
    assert_eq!(pause.map(|pause| pause.reason), Some(PauseReason::Person));
}

#[test]
fn what_may_wait_is_written_in_time() {
    let (mut ledger, mut journal) = beating(WITHIN);
    let written = owed(&ledger, Interrupted::RunsAgain);
    plan(&mut ledger, wall(2));
    claim(&mut ledger, wall(2), &mut Seen::default());
    while ledger.jobs().count() > 0 {
        finish(&mut ledger, 3, wall(3), &mut Seen::default());
        claim(&mut ledger, wall(9), &mut Seen::default());
    }
    assert_eq!(records(&ledger, &mut journal, mono(3)), 0);
    assert_eq!(deadline(&journal), Some(mono(3) + Span::from_secs(100)));
    assert_eq!(owed(&again(&mut journal, WITHIN).0, Interrupted::RunsAgain), written);
    assert_eq!(records(&ledger, &mut journal, mono(7)), 0);
    assert_eq!(records(&ledger, &mut journal, mono(8)), 1);
    assert_eq!(deadline(&journal), None);
    plan(&mut ledger, wall(30));
    ledger.pause(&SCHEDULES[0].id, wall(30));
    block_on(journal.flush(&ledger)).expect("there is room");
    let now = owed(&ledger, Interrupted::RunsAgain);
    assert_eq!(owed(&again(&mut journal, WITHIN).0, Interrupted::RunsAgain), now);
}

/// Where the records of a flash begin.
fn places(flash: &Flash) -> Vec<usize> {
    let written = |at: &usize| flash.bytes[*at..at + 32].iter().any(|byte| *byte != 0xff);
    (0..flash.bytes.len()).step_by(32).filter(written).collect()
}

#[test]
fn a_record_that_is_lost_takes_no_other_with_it_and_is_reported_once() {
    let (mut ledger, mut journal) = beating(RUNS_AGAIN);
    for spec in &SCHEDULES[1..] {
        put(&mut ledger, spec, wall(0));
        block_on(journal.record(&ledger, mono(0))).expect("there is room");
    }
    let flash = journal.into_flash();
    // The first seven open the half; then each schedule has one of its own.
    for (lost, at) in places(&flash).into_iter().enumerate().take(12) {
        let mut bytes = flash.bytes.clone();
        bytes[at + 17] ^= 0x10;
        let (mut restored, mut journal, what) = boot(Flash::holding(bytes), RUNS_AGAIN);
        assert_eq!(what.loss, Loss { missing: 1, ..Loss::NONE }, "record {lost}");
        // Those that open the half say of all but the first that there is no such schedule.
        assert_eq!(what.schedules, if (1..7).contains(&lost) { 7 } else { 6 }, "record {lost}");
        put_all(&mut restored, wall(1));
        let _ = step(&mut restored, 3);
        block_on(journal.record(&restored, mono(3))).expect("there is room");
        let (_, _, what) = boot(journal.into_flash(), RUNS_AGAIN);
        assert_eq!((what.schedules, what.loss), (7, Loss::NONE), "record {lost}");
    }
}

#[test]
fn the_first_record_after_a_start_leaves_a_place_free() {
    let (_, journal) = lived(4, 2, RUNS_AGAIN);
    let flash = journal.into_flash();
    let before = places(&flash);
    let (mut ledger, mut journal, _) = boot(flash, RUNS_AGAIN);
    for number in 2..6 {
        let _ = step(&mut ledger, number);
        block_on(journal.record(&ledger, mono(number))).expect("there is room");
    }
    let after = places(journal.flash());
    assert_eq!(before[..], after[..before.len()]);
    let last = before.last().expect("seven opened the half");
    let expected: Vec<_> = (last + 64..).step_by(32).take(after.len() - before.len()).collect();
    assert!(!expected.is_empty());
    assert_eq!(expected, after[before.len()..]);
}

#[test]
fn records_of_a_later_version_are_passed_over() {
    let (_, journal) = lived(4, 1, RUNS_AGAIN);
    let mut flash = journal.into_flash();
    for at in places(&flash).into_iter().take(2) {
        let record = &mut flash.bytes[at..at + 32];
        record[24] ^= 0b1100;
        let sum = record[4..]
            .iter()
            .fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        record[..4].copy_from_slice(&sum.to_le_bytes());
    }
    let (_, _, what) = boot(flash, RUNS_AGAIN);
    assert_eq!((what.schedules, what.loss), (5, Loss { foreign: 2, ..Loss::NONE }));
}

#[test]
fn a_ledger_without_room_is_a_loss() {
    let (_, mut journal) = lived(4, 1, RUNS_AGAIN);
    let mut small: DeviceLedger<Here, 4, 2, 2> = DeviceLedger::EMPTY;
    let what = block_on(journal.restore(&mut small)).expect("it starts");
    assert_eq!((what.schedules, what.loss), (4, Loss { rows: 3, ..Loss::NONE }));
}

/// A device that starts with this flash keeps what it does from then on.
fn goes_on(flash: Flash) {
    let (mut ledger, mut journal, _) = boot(flash, RUNS_AGAIN);
    put_all(&mut ledger, wall(1_000));
    for number in 1_001..1_024 {
        let _ = step(&mut ledger, number);
        block_on(journal.record(&ledger, mono(number))).expect("there is room");
    }
    let (again, _, restored) = boot(journal.into_flash(), RUNS_AGAIN);
    assert_eq!(restored.loss, Loss::NONE, "a loss is over once something was written");
    let interrupted = Interrupted::RunsAgain;
    assert_eq!(owed(&again, interrupted), owed(&ledger, interrupted));
}

fn below(dice: &mut Dice, most: usize) -> usize {
    usize::try_from(dice.roll() >> 16).expect("48 bits") % most
}

#[test]
fn wrong_bytes_and_half_erased_pages_are_no_obstacle() {
    let flash = lived(2, 300, RUNS_AGAIN).1.into_flash();
    for seed in 0..600 {
        let mut dice = Dice::seeded(seed);
        let mut bytes = flash.bytes.clone();
        match seed % 3 {
            0 => bytes.iter_mut().for_each(|byte| *byte = dice.roll().to_le_bytes()[3]),
            1 => {
                for _ in 0..=below(&mut dice, 12) {
                    let at = below(&mut dice, bytes.len());
                    bytes[at] = dice.roll().to_le_bytes()[3];
                }
            }
            _ => {
                let page = below(&mut dice, 2) * 512;
                let chance = [3, 30, 500, 970, 997][below(&mut dice, 5)];
                for byte in &mut bytes[page..page + 512] {
                    for bit in 0..8 {
                        *byte |= u8::from(below(&mut dice, 1_000) < chance) << bit;
                    }
                }
            }
        }
        goes_on(Flash::holding(bytes));
    }
}

#[test]
fn a_range_that_holds_no_journal_is_refused() {
    fn new<const PAGE: usize, const WORD: usize>(
        pages: usize,
        range: core::ops::Range<u32>,
    ) -> Option<RangeError> {
        let flash = Nor::<PAGE, WORD>::erased(pages);
        CursorJournal::new(flash, range, &SCHEDULES, RUNS_AGAIN).err()
    }
    assert_eq!(new::<512, 4>(4, 0..2048), None);
    assert_eq!(new::<512, 4>(4, 512..1536), None);
    assert_eq!(new::<512, 4>(4, 0..1536), Some(RangeError::OddPages));
    assert_eq!(new::<512, 4>(4, 0..4096), Some(RangeError::OutOfBounds));
    assert_eq!(new::<512, 4>(4, 4..516), Some(RangeError::Unaligned));
    assert_eq!(new::<512, 64>(4, 0..2048), Some(RangeError::Geometry));
    assert_eq!(new::<128, 4>(4, 0..256), Some(RangeError::TooSmall));
    assert_eq!(new::<256, 4>(4, 0..512), None);
}

#[test]
#[should_panic(expected = "two schedules have one name")]
fn two_schedules_of_one_name_are_a_mistake_of_the_program() {
    static TWICE: [Spec<Here>; 2] = [
        Fixed::spec(Name::of("a"), Name::of("one"), Fires::every_secs(1)),
        Fixed::spec(Name::of("a"), Name::of("two"), Fires::every_secs(1)),
    ];
    let _ = CursorJournal::<Rich, _, 2>::new(Flash::erased(2), 0..1024, &TWICE, RUNS_AGAIN);
}

#[test]
fn the_flash_lasts_as_long_as_the_documentation_says() {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(Nor::<4096, 4>::erased(4), RUNS_AGAIN);
    put(&mut ledger, &SCHEDULES[0], wall(0));
    block_on(journal.record(&ledger, mono(0))).expect("there is room");
    let (erased, mut fires) = (journal.flash().erased, 0);
    let mut at = wall(0);
    // So that each page was erased ten times.
    while journal.flash().erased < erased + 40 {
        at = at + Span::from_secs(30);
        plan(&mut ledger, at);
        claim(&mut ledger, at, &mut Seen::default());
        finish(&mut ledger, 3, at, &mut Seen::default());
        block_on(journal.record(&ledger, mono(fires))).expect("there is room");
        fires += 1;
    }
    // 512 records; each half is opened by that of a fire and six others.
    assert_eq!(fires / 10, 500);
}

#[test]
fn records_are_the_reviewed_ones_byte_by_byte() {
    let mut text = String::new();
    let (mut ledger, mut journal) = beating(RUNS_AGAIN);
    let mut note = |what: &str, journal: &mut Kept<512, 4>| {
        text.push_str(what);
        for ask in std::mem::take(&mut journal.flash().asked) {
            let Asked::Write(_, bytes) = ask else { continue };
            let words: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            text.push_str(&format!("\n{}", words.join(" ")));
        }
        text.push_str("\n\n");
    };
    note("the first of seven was put: all of them open the half", &mut journal);
    let id = SCHEDULES[0].id;
    plan(&mut ledger, wall(2));
    claim(&mut ledger, wall(2), &mut Seen::default());
    while ledger.jobs().count() > 0 {
        finish(&mut ledger, 3, wall(3), &mut Seen::default());
        claim(&mut ledger, wall(9), &mut Seen::default());
    }
    records(&ledger, &mut journal, mono(3));
    note("it fired, and its job is over", &mut journal);
    ledger.pause(&id, wall(4));
    records(&ledger, &mut journal, mono(4));
    note("it is paused", &mut journal);
    remove(&mut ledger, id);
    records(&ledger, &mut journal, mono(5));
    note("it is removed", &mut journal);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/flash/cursors.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).expect("the source tree can be written");
    }
    let reviewed = std::fs::read_to_string(path).expect("the bytes are there");
    assert_eq!(text, reviewed, "raise VERSION, review, then run this test with UPDATE=1");
}
