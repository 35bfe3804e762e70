//! The journal of cursors: power that goes after every single byte that is written or erased.

use embassy_futures::block_on;
use mainspring_embassy::cursors::{Interrupted, Options};
use mainspring_embassy::journal::{Journal, Loss};

use crate::device::{mono, wall};
use crate::nor::{Asked, Nor};
use crate::program::{Fire, Kept, Owed, SCHEDULES, Store, boot, journal, owed, put_all, step};

/// What the flash of a device must say.
#[derive(Clone)]
struct Belief {
    /// What is owed after everything that was recorded, and after what was being recorded.
    states: [[Owed; 7]; 2],
    /// What has run and is not owed.
    over: Vec<Fire>,
    /// What has started since power-on, if it is not to start again after the next.
    started: Vec<Fire>,
}

struct Device<const PAGE: usize, const WORD: usize> {
    ledger: Store,
    journal: Kept<PAGE, WORD>,
    interrupted: Interrupted,
    belief: Belief,
}

impl<const PAGE: usize, const WORD: usize> Device<PAGE, WORD> {
    /// A device that has got its power back, with this flash.
    fn start(flash: Nor<PAGE, WORD>, options: Options, belief: Belief, what: &str) -> Self {
        let (ledger, journal, restored) = boot(flash, options);
        assert_eq!(restored.loss, Loss::NONE, "a cut loses nothing ({what})");
        let interrupted = options.interrupted;
        let now = owed(&ledger, interrupted);
        let [earlier, later] = belief.states;
        let mut over = belief.over;
        over.extend(belief.started);
        for (at, spec) in SCHEDULES.iter().enumerate() {
            let known = now[at] == earlier[at] || now[at] == later[at];
            assert!(
                known,
                "{what}: {:?} is neither {:?} nor {:?}",
                now[at], earlier[at], later[at]
            );
            if interrupted == Interrupted::RunsAgain {
                // What is owed runs again, and all that came after it.
                let next = now[at].and_then(|(next, _)| next);
                over.retain(|(name, at)| *name != spec.id || next.is_none_or(|next| *at < next));
            }
        }
        let belief = Belief { states: [now; 2], over, started: Vec::new() };
        Self { ledger, journal, interrupted, belief }
    }

    /// One step, and its record; says whether the power held.
    fn step(&mut self, number: u32, what: &str) -> bool {
        let seen = step(&mut self.ledger, number);
        let Belief { states, over, started } = &mut self.belief;
        let twice = seen.started.iter().find(|fire| over.contains(fire));
        assert_eq!(twice, None, "it has run already (step {number}, {what})");
        if self.interrupted == Interrupted::IsOver {
            started.extend(&seen.started);
        }
        states[1] = owed(&self.ledger, self.interrupted);
        let done = block_on(self.journal.record(&self.ledger, mono(number)));
        if done.is_err() {
            assert_eq!(self.journal.flash().left, Some(0), "{done:?} ({what})");
            return false;
        }
        states[0] = states[1];
        over.extend(seen.settled.iter().filter(|_| self.interrupted == Interrupted::RunsAgain));
        true
    }
}

/// A step of a life that nothing interrupts, and what it asked of the flash.
struct Step<const PAGE: usize, const WORD: usize> {
    before: Nor<PAGE, WORD>,
    asked: Vec<Asked>,
    /// Bytes that were written or erased by its end.
    spent: u64,
    belief: Belief,
}

fn life<const PAGE: usize, const WORD: usize>(
    pages: usize,
    length: u32,
    options: Options,
) -> Vec<Step<PAGE, WORD>> {
    let nothing = Belief { states: [[None; 7]; 2], over: Vec::new(), started: Vec::new() };
    let mut device = Device::<PAGE, WORD>::start(Nor::erased(pages), options, nothing, "new");
    let mut steps = Vec::new();
    for number in 0..length {
        let before = device.journal.flash().clone();
        let Belief { states: [state, _], over, started } = device.belief.clone();
        assert!(device.step(number, "nothing interrupts it"));
        let flash = device.journal.flash();
        let asked = std::mem::take(&mut flash.asked);
        assert_eq!(flash.refused, [], "a driver must not be asked for this");
        let spent = flash.spent;
        let belief = Belief { states: [state, device.belief.states[1]], over, started };
        steps.push(Step { before, asked, spent, belief });
    }
    let erased = device.journal.flash().erased;
    assert!(erased >= 3 * pages as u64, "only {erased} pages were erased");
    steps
}

/// Goes on where a step was cut, with two more cuts on the way.
fn recover<const PAGE: usize, const WORD: usize>(
    mut flash: Nor<PAGE, WORD>,
    options: Options,
    mut belief: Belief,
    mut at: u32,
    bytes: u64,
) {
    for again in 0..3 {
        let what = format!("{bytes} bytes, recovery {again}");
        if again < 2 {
            flash = flash.dies_after(1 + bytes * 7 % 701, bytes);
        }
        let mut device = Device::start(flash, options, belief, &what);
        put_all(&mut device.ledger, wall(at));
        let from = at;
        for number in from..from + 24 {
            at = number + 1;
            if !device.step(number, &what) {
                break;
            }
        }
        belief = device.belief;
        flash = device.journal.into_flash().revived();
        assert_eq!(flash.refused, [], "a driver must not be asked for this ({what})");
    }
    let _ = Device::start(flash, options, belief, "at last");
}

/// Cuts a life at every byte that is written or erased.
fn sweep<const PAGE: usize, const WORD: usize>(pages: usize, length: u32, options: Options) {
    let mut cuts = 0;
    for (number, step) in (0..).zip(life::<PAGE, WORD>(pages, length, options)) {
        for bytes in step.before.spent + 1..=step.spent {
            let left = bytes - step.before.spent;
            let dark = step.before.clone().dies_after(left, bytes).asked(&step.asked);
            assert_eq!(dark.left, Some(0), "a life is always the same");
            let (dark, belief) = (dark.revived(), step.belief.clone());
            let what = format!("{bytes} bytes, step {number}");
            let _ = Device::start(dark.clone(), options, belief.clone(), &what);
            if bytes % 17 == 0 {
                recover(dark, options, belief, number + 1, bytes);
            }
            cuts += 1;
        }
    }
    assert!(cuts > 10_000, "only {cuts} cuts");
}

const RUNS_AGAIN: Options =
    Options { interrupted: Interrupted::RunsAgain, within: mainspring_core::time::Span::ZERO };

const IS_OVER: Options = Options { interrupted: Interrupted::IsOver, ..RUNS_AGAIN };

#[test]
fn no_cut_loses_a_fire_or_repeats_one_that_was_over() {
    sweep::<512, 4>(2, 400, RUNS_AGAIN);
}

#[test]
fn no_cut_loses_a_fire_on_single_bytes_and_many_pages() {
    sweep::<128, 1>(8, 400, RUNS_AGAIN);
}

#[test]
fn no_cut_repeats_a_fire_that_has_started() {
    sweep::<512, 32>(2, 400, IS_OVER);
}

/// Not the power goes but the flash fails, and the device goes on.
#[test]
fn a_flash_that_fails_now_and_then_loses_nothing() {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(Nor::<512, 4>::erased(2), RUNS_AGAIN);
    let mut kept = owed(&ledger, Interrupted::RunsAgain);
    let mut failures = 0;
    for number in 0..600 {
        let _ = step(&mut ledger, number);
        let now = owed(&ledger, Interrupted::RunsAgain);
        for attempt in 0..3 {
            // Within a record, or within a half that is begun.
            let bytes = [number * 37 % [61, 740][number as usize % 2], number * 97 % 740, 0];
            let bytes = u64::from(1 + bytes[attempt]);
            journal.flash().left = (attempt < 2).then_some(bytes);
            let done = block_on(journal.record(&ledger, mono(number)));
            failures += u32::from(done.is_err());
            let flash = journal.flash().clone().revived();
            let (restored, _, what) = boot(flash, RUNS_AGAIN);
            assert_eq!(what.loss, Loss::NONE);
            for (at, owed) in owed(&restored, Interrupted::RunsAgain).into_iter().enumerate() {
                let known = owed == now[at] || (done.is_err() && owed == kept[at]);
                assert!(known, "step {number}: {owed:?}, {:?}, {:?}", kept[at], now[at]);
            }
            if done.is_ok() {
                break;
            }
            assert!(attempt < 2, "{done:?}");
        }
        kept = now;
    }
    assert!(failures > 100, "only {failures} failures");
}
