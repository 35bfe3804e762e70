//! Cron patterns that were compiled with the program, on the clocks of a POSIX zone.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Trigger;
use mainspring_size_firmware::domain::{self, Fires};
use mainspring_size_firmware::exit;

static NINE: Fires = domain::cron("0 9 * * mon-fri", 1);

#[entry]
fn main() -> ! {
    let Fires::Cron(cron) = black_box(NINE) else { exit(false) };
    exit(cron.fires(black_box(Timestamp::UNIX_EPOCH)).take(3).count() == 3)
}
