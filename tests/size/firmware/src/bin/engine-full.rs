//! The engine: cron, intervals, POSIX zones, planner, worker and a ledger for 32 schedules and 16
//! jobs, with every policy that there is.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use mainspring_core::schedule::Spec;
use mainspring_core::settings::Settings;
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use mainspring_core::trigger::Every;
use mainspring_size_firmware::device::{Device, Engine, PATIENT, live, plain, strict};
use mainspring_size_firmware::domain::{self, Counted, Everything, Fires, Small};
use mainspring_size_firmware::exit;
use static_cell::ConstStaticCell;

static ENGINE: ConstStaticCell<Engine<Everything>> = ConstStaticCell::new(Engine::EMPTY);

#[entry]
fn main() -> ! {
    let now = Now { wall: black_box(Timestamp::UNIX_EPOCH), mono: black_box(Mono::ZERO) };
    let mut device = Device::new(now, &STOCK, ENGINE.take());
    exit(live(&mut device) > 40)
}

static STOCK: [Spec<Small<Everything>>; 4] = [
    plain(0, Counted(domain::cron("*/5 * * * *", 0))),
    strict(1, Counted(domain::cron("30 1-2 * * mon-fri", 1)), SETTINGS, false),
    plain(2, QUARTER_MINUTE),
    strict(2, QUARTER_MINUTE, SETTINGS, true),
];

const QUARTER_MINUTE: Counted = match Every::new(Span::from_secs(15), Timestamp::UNIX_EPOCH) {
    Some(every) => Counted(Fires::Every(every)),
    None => panic!("the span is positive"),
};

const SETTINGS: Settings = Settings {
    priority: None,
    timeout: Some(PATIENT.timeout),
    retry: Some(PATIENT.retry),
    max_rescues: Some(PATIENT.max_rescues),
};
