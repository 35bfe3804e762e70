//! Real losses of power on an emulated board: an `mps2-an386`, whose PSRAM QEMU keeps in a file, so
//! that it outlives the board at every store.
//!
//! `firmware/` is the device: the pump over a journal in flash, in a file of 16 MiB. The tests here
//! take its power away, and it looks itself whether it has lost anything, or does anything twice.
#![cfg(test)]

mod board;
mod clock;

use board::{Board, Part, Word};

/// Cuts begin a few records before the one in which so many pages have been erased: a quarter of
/// them for the first half that was begun, and so on.
const WARM_UP: u32 = 12;

/// How many records are cut.
const RECORDS: u32 = 7;

/// Between two cuts in a record, in ticks of the watchdog, of which an instruction takes 1.6. With
/// `POWER_STRIDE=2` every instruction is hit, which takes hours.
const STRIDE: u32 = 911;

/// How often QEMU is killed; `POWER_KILLS` says otherwise.
const KILLS: u32 = 200;

#[test]
fn a_cut_at_an_exact_instruction_loses_and_repeats_nothing() {
    let mut board = Board::new();
    board.plan(Part::WarmUp, 20_000);
    board.write(Word::Stride, asked_for("POWER_STRIDE", STRIDE));
    board.write(Word::Records, RECORDS);
    board.write(Word::WarmUp, WARM_UP);
    let said = board.run();
    println!("{said}");
    let cuts = board.read(Word::Cuts);
    let erases = board.read(Word::Erases);
    assert!(cuts >= 200, "only {cuts} cuts: {said}");
    assert!(erases >= 50, "only {erases} of {cuts} cuts hit an erase: {said}");
}

#[test]
fn a_board_that_is_killed_at_any_moment_loses_and_repeats_nothing() {
    let mut board = Board::new();
    board.plan(Part::Live, 10_000);
    let kills = asked_for("POWER_KILLS", KILLS);
    for kill in 0..kills {
        // A few of its records later, at whatever it is doing then.
        let records = board.read(Word::MadeRecords) + 1 + kill * 7 % 23;
        let mut life = board.start();
        while board.read(Word::MadeRecords) < records {
            life.must_live();
            clock::pause();
        }
        life.kill();
    }
    board.write(Word::Part, Part::Look as u32);
    let said = board.run();
    println!("{said}");
    assert_eq!(board.read(Word::Starts), kills + 1, "every start counts: {said}");
    assert!(board.read(Word::Settled) > kills, "it did something in between: {said}");
}

fn asked_for(variable: &str, usual: u32) -> u32 {
    let asked = std::env::var(variable).ok();
    asked.map_or(usual, |number| number.parse().expect("a number"))
}
