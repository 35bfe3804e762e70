//! The engine without cron and zones.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use mainspring_core::schedule::Spec;
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use mainspring_core::trigger::Every;
use mainspring_size_firmware::device::{Device, Engine, PATIENT, live, plain, strict};
use mainspring_size_firmware::domain::{Intervals, Small};
use mainspring_size_firmware::exit;
use static_cell::ConstStaticCell;

static ENGINE: ConstStaticCell<Engine<Intervals>> = ConstStaticCell::new(Engine::EMPTY);

#[entry]
fn main() -> ! {
    let now = Now { wall: black_box(Timestamp::UNIX_EPOCH), mono: black_box(Mono::ZERO) };
    let mut device = Device::new(now, &STOCK, ENGINE.take());
    exit(live(&mut device) > 40)
}

static STOCK: [Spec<Small<Intervals>>; 4] = [
    plain(0, FIVE_MINUTES),
    strict(1, FIVE_MINUTES, Some(&PATIENT), false),
    plain(2, QUARTER_MINUTE),
    strict(2, QUARTER_MINUTE, Some(&PATIENT), true),
];

const FIVE_MINUTES: Every = every(Span::from_mins(5));
const QUARTER_MINUTE: Every = every(Span::from_secs(15));

const fn every(span: Span) -> Every {
    match Every::new(span, Timestamp::UNIX_EPOCH) {
        Some(every) => every,
        None => panic!("the span is positive"),
    }
}
