//! The engine: cron, intervals, POSIX zones, planner, worker and a ledger for 32 schedules and 16
//! jobs, for a device that goes without the policies that it does not need.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use mainspring_core::schedule::Spec;
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use mainspring_core::trigger::Every;
use mainspring_size_firmware::device::{Device, Engine, PATIENT, live, plain, strict};
use mainspring_size_firmware::domain::{self, Fires, Patterns, Small};
use mainspring_size_firmware::exit;
use static_cell::ConstStaticCell;

static ENGINE: ConstStaticCell<Engine<Patterns>> = ConstStaticCell::new(Engine::EMPTY);

#[entry]
fn main() -> ! {
    let now = Now { wall: black_box(Timestamp::UNIX_EPOCH), mono: black_box(Mono::ZERO) };
    let mut device = Device::new(now, &STOCK, ENGINE.take());
    exit(live(&mut device) > 40)
}

static STOCK: [Spec<Small<Patterns>>; 4] = [
    plain(0, domain::cron("*/5 * * * *", 0)),
    strict(1, domain::cron("30 1-2 * * mon-fri", 1), Some(&PATIENT), false),
    plain(2, QUARTER_MINUTE),
    strict(2, QUARTER_MINUTE, Some(&PATIENT), true),
];

const QUARTER_MINUTE: Fires = match Every::new(Span::from_secs(15), Timestamp::UNIX_EPOCH) {
    Some(every) => Fires::Every(every),
    None => panic!("the span is positive"),
};
