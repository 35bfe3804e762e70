//! The bytes of the records: whoever changes them raises the version.

use embassy_futures::block_on;
use mainspring_embassy::flash::Options;
use mainspring_embassy::journal::Journal;

use crate::device::{Seen, Store, claim, finish, journal, mono, plan, put, wall};
use crate::nor::{Asked, Nor};

#[test]
fn records_are_the_reviewed_ones_byte_by_byte() {
    let mut ledger = Store::EMPTY;
    let mut journal =
        journal(Nor::<1024, 1>::erased(2), Options { layout: 3, ..Options::default() });
    let mut text = String::new();
    let mut note = |what: &str, ledger: &Store, step: u32| {
        block_on(journal.record(ledger, mono(step))).expect("there is room");
        text.push_str(what);
        // The frame of the item comes first, and the marks of pages are single bytes.
        for ask in std::mem::take(&mut journal.flash().asked) {
            let Asked::Write(_, bytes) = ask else { continue };
            if bytes.len() != 8 && bytes.len() != 1 {
                let words: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                text.push_str(&format!("\n{}", words.join(" ")));
            }
        }
        text.push_str("\n\n");
    };
    put(&mut ledger, 1, 8, wall(0));
    note("put: the first record opens the half", &ledger, 0);
    plan(&mut ledger, wall(2));
    note("fired: the cursor, and a job", &ledger, 2);
    claim(&mut ledger, wall(3), &mut Seen::default());
    note("claimed", &ledger, 3);
    finish(&mut ledger, 3, wall(4), &mut Seen::default());
    note("failed, to be tried again", &ledger, 4);
    claim(&mut ledger, wall(8), &mut Seen::default());
    note("claimed again", &ledger, 8);
    finish(&mut ledger, 4, wall(9), &mut Seen::default());
    note("succeeded", &ledger, 9);
    ledger.pause(&1, wall(10));
    note("paused", &ledger, 10);
    ledger.remove_schedules(&mainspring_core::verb::Remove::Named(&[1]), |_| ());
    note("removed", &ledger, 11);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/flash/bytes.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).expect("the source tree can be written");
    }
    let reviewed = std::fs::read_to_string(path).expect("the bytes are there");
    assert_eq!(text, reviewed, "raise VERSION, review, then run this test with UPDATE=1");
}
