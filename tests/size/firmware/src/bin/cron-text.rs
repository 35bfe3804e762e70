//! Cron patterns and POSIX zones that the device reads itself.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Cron, CronIn, Trigger};
use mainspring_core::zone::Rule;
use mainspring_size_firmware::exit;

#[entry]
fn main() -> ! {
    let zone = Rule::parse(black_box("CET-1CEST,M3.5.0,M10.5.0/3"));
    let cron = Cron::parse(black_box("0 9 * * mon-fri"));
    let (Ok(zone), Ok(cron)) = (zone, cron) else { exit(false) };
    let cron = CronIn::new(cron, zone);
    exit(cron.fires(black_box(Timestamp::UNIX_EPOCH)).take(3).count() == 3)
}
