//! Only the interval trigger.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Every, Trigger};
use mainspring_size_firmware::exit;

#[entry]
fn main() -> ! {
    let every = Every::new(black_box(Span::from_mins(15)), black_box(Timestamp::UNIX_EPOCH));
    let fires =
        every.map_or(0, |every| every.fires(black_box(Timestamp::UNIX_EPOCH)).take(3).count());
    exit(fires == 3)
}
