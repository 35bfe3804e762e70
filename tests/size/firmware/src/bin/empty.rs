//! A program that does nothing: what every other one is compared with.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use mainspring_size_firmware::exit;

#[entry]
fn main() -> ! {
    exit(black_box(true))
}
