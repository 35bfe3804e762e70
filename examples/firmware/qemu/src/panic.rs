//! A panic says what happened, and ends the program with a failure.

use core::panic::PanicInfo;

use cortex_m_semihosting::hprintln;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    crate::end(false)
}
