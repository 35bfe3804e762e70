//! Power that goes after every single byte that is written or erased.

use embassy_futures::block_on;
use mainspring_embassy::flash::Options;
use mainspring_embassy::journal::{Journal, Loss};

use crate::device::{Kept, State, Store, journal, mono, restart, step};
use crate::nor::{Asked, Nor};

/// One step of a script that nothing interrupts, and what it asked of the flash.
struct Step<const PAGE: usize, const WORD: usize> {
    number: u32,
    before: Nor<PAGE, WORD>,
    asked: Vec<Asked>,
    bytes: u64,
    /// The ledger before and after it.
    states: [State; 2],
    /// How many jobs were over before it.
    settled: usize,
}

/// A script that nothing interrupts.
struct Script<const PAGE: usize, const WORD: usize> {
    steps: Vec<Step<PAGE, WORD>>,
    settled: Vec<(u16, u64)>,
    erased: u64,
}

impl<const PAGE: usize, const WORD: usize> Script<PAGE, WORD> {
    fn run(pages: usize, length: u32) -> Self {
        let mut ledger = Store::EMPTY;
        let mut flash = Nor::<PAGE, WORD>::erased(pages);
        let mut journal = journal(flash.clone(), Options::default());
        let mut script = Self { steps: Vec::new(), settled: Vec::new(), erased: 0 };
        for number in 0..length {
            let before = State::of(&ledger);
            let seen = step(&mut ledger, number);
            block_on(journal.record(&ledger, mono(number))).expect("there is room");
            let after = journal.flash().clone();
            let asked = std::mem::take(&mut journal.flash().asked);
            assert_eq!(after.refused, [], "a driver must not be asked for this");
            script.steps.push(Step {
                number,
                before: flash,
                asked,
                bytes: after.spent,
                states: [before, State::of(&ledger)],
                settled: script.settled.len(),
            });
            script.settled.extend(seen.settled);
            script.erased = after.erased;
            flash = after;
        }
        script
    }
}

/// A device that has just got its power back.
fn boot<const PAGE: usize, const WORD: usize>(
    flash: Nor<PAGE, WORD>,
    what: &str,
) -> (Store, Kept<PAGE, WORD>) {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(flash, Options::default());
    let restored = block_on(journal.restore(&mut ledger)).expect("a device starts");
    assert_eq!(restored.loss, Loss::NONE, "a cut loses nothing ({what})");
    (ledger, journal)
}

/// Goes on where a step was cut, with two more cuts on the way; then the flash says once more what
/// was recorded.
fn recover<const PAGE: usize, const WORD: usize>(
    mut flash: Nor<PAGE, WORD>,
    mut settled: Vec<(u16, u64)>,
    mut at: u32,
    bytes: u64,
) {
    for again in 0..3 {
        let what = format!("{bytes} bytes, recovery {again}");
        if again < 2 {
            flash = flash.dies_after(1 + bytes * 7 % 1_201, bytes);
        }
        let (mut ledger, mut journal) = boot(flash, &what);
        let mut states = [State::of(&ledger), State::of(&ledger)];
        restart(&mut ledger, at);
        let from = at;
        for number in from..from + 24 {
            let seen = step(&mut ledger, number);
            at = number + 1;
            states[1] = State::of(&ledger);
            let twice = seen.started.iter().find(|job| settled.contains(job));
            assert_eq!(twice, None, "it has run already ({what})");
            if block_on(journal.record(&ledger, mono(number))).is_err() {
                break;
            }
            states[0] = states[1].clone();
            settled.extend(seen.settled);
        }
        flash = journal.into_flash().revived();
        assert_eq!(flash.refused, [], "a driver must not be asked for this ({what})");
        let (ledger, _) = boot(flash.clone(), &what);
        assert!(states.contains(&State::of(&ledger)), "lost or made up ({what})");
    }
}

/// Cuts a script at every byte that is written or erased.
fn sweep<const PAGE: usize, const WORD: usize>(pages: usize, length: u32) {
    let script = Script::<PAGE, WORD>::run(pages, length);
    assert!(script.erased >= 2 * pages as u64, "only {} pages were erased", script.erased);
    let most = script.steps.iter().map(|step| step.states[1].counts()).max();
    assert!(most > Some((3, 3)), "a script in which little happens");
    let mut cuts = 0;
    for step in &script.steps {
        for bytes in step.before.spent + 1..=step.bytes {
            let left = bytes - step.before.spent;
            let dark = step.before.clone().dies_after(left, bytes).asked(&step.asked);
            assert_eq!(dark.left, Some(0), "the script is always the same");
            let dark = dark.revived();
            let (ledger, _) = boot(dark.clone(), &format!("{bytes} bytes"));
            let state = State::of(&ledger);
            assert!(
                step.states.contains(&state),
                "neither before nor after step {} ({bytes} bytes): {state:#?}\n{:#?}",
                step.number,
                step.states,
            );
            if bytes % 17 == 0 {
                // What was done before the cut is never done again; what was being recorded may be.
                let settled = script.settled[..step.settled].to_vec();
                recover(dark, settled, step.number + 1, bytes);
            }
            cuts += 1;
        }
    }
    assert!(cuts > 20_000, "only {cuts} cuts");
}

#[test]
fn no_cut_loses_or_repeats_anything_on_words_of_four_bytes() {
    sweep::<1024, 4>(4, 130);
}

#[test]
fn no_cut_loses_or_repeats_anything_on_single_bytes() {
    sweep::<512, 1>(8, 130);
}

#[test]
fn no_cut_loses_or_repeats_anything_on_words_of_sixteen_bytes() {
    sweep::<2048, 16>(2, 150);
}
