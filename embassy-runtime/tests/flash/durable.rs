//! What is written depends on what is to outlive a loss of power.

use embassy_futures::block_on;
use mainspring_core::time::{Mono, Span};
use mainspring_embassy::flash::Options;
use mainspring_embassy::journal::{Cursors, Durable, Journal, Loss, Ram, Restored};

use crate::device::{Kept, Seen, State, Store, claim, finish, journal, mono, plan, put, wall};
use crate::nor::Nor;

type Flash = Nor<1024, 4>;

fn running(durable: Durable) -> (Store, Kept<1024, 4>) {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(Flash::erased(4), Options { durable, layout: 0 });
    put(&mut ledger, 1, 0, wall(0));
    block_on(journal.record(&ledger, mono(0))).expect("there is room");
    (ledger, journal)
}

/// Fires, runs and settles.
fn live(ledger: &mut Store, step: u32) {
    plan(ledger, wall(step));
    claim(ledger, wall(step), &mut Seen::default());
    finish(ledger, 2, wall(step), &mut Seen::default());
}

fn start(flash: Flash, durable: Durable) -> (Store, Restored) {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(flash.revived(), Options { durable, layout: 0 });
    let restored = block_on(journal.restore(&mut ledger)).expect("a device starts");
    (ledger, restored)
}

#[test]
fn nothing_is_written_if_nothing_has_changed() {
    let (ledger, mut journal) = running(Durable::Every);
    let before = journal.flash().spent;
    block_on(journal.record(&ledger, mono(9))).expect("there is room");
    block_on(journal.flush(&ledger)).expect("there is room");
    assert_eq!(journal.flash().spent, before);
    assert_eq!(journal.flash().asked.len(), journal.into_flash().asked.len());
}

#[test]
fn every_change_is_there_after_a_cut() {
    let (mut ledger, mut journal) = running(Durable::Every);
    for step in 2..40 {
        live(&mut ledger, step);
        block_on(journal.record(&ledger, mono(step))).expect("there is room");
    }
    let (again, restored) = start(journal.into_flash(), Durable::Every);
    assert_eq!(State::of(&again), State::of(&ledger));
    assert_eq!((restored.cursors, restored.loss), (Cursors::Kept, Loss::NONE));
}

/// Whether a journal has a deadline, which does not depend on the room for tasks and keys.
fn deadline(journal: &Kept<1024, 4>) -> Option<Mono> {
    use mainspring_core::room::Inline;
    type Rooms = (Inline<6>, Inline<4>, Inline<8>);
    fn of<J: Journal<crate::device::Numbers, A, B, C, C>, A, B, C>(
        journal: &J,
        _: Option<(A, B, C)>,
    ) -> Option<Mono>
    where
        A: mainspring_core::room::Room,
        B: mainspring_core::room::Room,
        C: mainspring_core::room::Room,
    {
        journal.deadline()
    }
    of(journal, None::<Rooms>)
}

#[test]
fn a_change_waits_no_longer_than_it_may_unless_a_person_made_it() {
    let within = Durable::Within(Span::from_secs(100));
    let (mut ledger, mut journal) = running(within);
    let written = State::of(&ledger);
    let before = journal.flash().spent;
    for step in 2..7 {
        live(&mut ledger, step);
        block_on(journal.record(&ledger, mono(step))).expect("there is room");
    }
    assert_eq!(journal.flash().spent, before, "it may wait");
    assert_eq!(deadline(&journal), Some(mono(2) + Span::from_secs(100)));
    let (again, _) = start(journal.flash().clone(), within);
    assert_eq!(State::of(&again), written);
    block_on(journal.record(&ledger, mono(7))).expect("there is room");
    assert_eq!(deadline(&journal), None);
    let (again, _) = start(journal.flash().clone(), within);
    assert_eq!(State::of(&again), State::of(&ledger));
    live(&mut ledger, 9);
    put(&mut ledger, 2, 0, wall(9));
    block_on(journal.record(&ledger, mono(9))).expect("there is room");
    let (again, _) = start(journal.into_flash(), within);
    assert_eq!(State::of(&again), State::of(&ledger));
}

#[test]
fn with_configuration_only_fires_are_not_written() {
    let (mut ledger, mut journal) = running(Durable::Config);
    let written = State::of(&ledger);
    let before = journal.flash().spent;
    for step in 2..40 {
        live(&mut ledger, step);
        block_on(journal.record(&ledger, mono(step))).expect("there is room");
    }
    block_on(journal.flush(&ledger)).expect("there is room");
    assert_eq!(journal.flash().spent, before);
    let flash = journal.into_flash();
    let (again, restored) = start(flash.clone(), Durable::Config);
    assert_eq!((restored.schedules, restored.jobs), (1, 0));
    assert_eq!((restored.cursors, restored.loss), (Cursors::Unknown, Loss::NONE));
    assert_eq!(State::of(&again), written);
    // A program that wants more from now on knows that it cannot have it of what was before.
    assert_eq!(start(flash, Durable::Every).1.cursors, Cursors::Unknown);
}

#[test]
fn without_flash_nothing_is_kept() {
    let (ledger, _) = running(Durable::Every);
    let mut again = Store::EMPTY;
    block_on(Ram.record(&ledger, mono(0))).expect("nothing can go wrong");
    assert_eq!(block_on(Ram.restore(&mut again)), Ok(Restored::NOTHING));
    assert_eq!(State::of(&again), State::of(&Store::EMPTY));
}
