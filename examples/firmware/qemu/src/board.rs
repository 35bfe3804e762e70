//! What a HAL would bring along: a timer for embassy-time and a way to sleep, for the CMSDK
//! peripherals of an MPS2 board.

use core::cell::RefCell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::task::Waker;

use cortex_m_rt::exception;
use critical_section::Mutex;
use embassy_executor::raw;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

/// The timer that wakes the processor up, and the one that never stops; interrupts 8 and 9.
const ALARM: usize = 0x4000_0000;
const CLOCK: usize = 0x4000_1000;
const CLOCK_IRQ: i16 = 9;

/// Registers of either.
const CONTROL: usize = 0x0;
const VALUE: usize = 0x4;
const RELOAD: usize = 0x8;
const STATUS: usize = 0xc;

const ENABLE_WITH_INTERRUPT: u32 = 0b1001;

/// The register that enables interrupts 0 to 31.
const ENABLE_INTERRUPTS: usize = 0xe000_e100;

/// The timers count at 25 MHz.
const TICKS_PER_MICRO: u64 = 25;

/// Waking up sooner than this is missed.
const SOONEST: u64 = 50;

struct Timer(Mutex<RefCell<State>>);

struct State {
    /// How often the clock has come round.
    wraps: u32,
    queue: Queue,
}

embassy_time_driver::time_driver_impl!(static TIMER: Timer = Timer(Mutex::new(RefCell::new(State {
    wraps: 0,
    queue: Queue::new(),
}))));

impl Driver for Timer {
    fn now(&self) -> u64 {
        critical_section::with(|held| self.0.borrow_ref(held).ticks() / TICKS_PER_MICRO)
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|held| {
            let mut state = self.0.borrow_ref_mut(held);
            if state.queue.schedule_wake(at, waker) {
                state.arm();
            }
        });
    }
}

impl State {
    /// Ticks since the clock was started.
    fn ticks(&self) -> u64 {
        let mut value = read(CLOCK + VALUE);
        let mut wraps = u64::from(self.wraps);
        if read(CLOCK + STATUS) & 1 != 0 {
            // It came round, and the interrupt has not been served yet.
            value = read(CLOCK + VALUE);
            wraps += 1;
        }
        wraps << 32 | u64::from(!value)
    }

    /// Wakes whoever it is time for, and sets the alarm for the next one.
    fn arm(&mut self) {
        loop {
            let now = self.ticks() / TICKS_PER_MICRO;
            let next = self.queue.next_expiration(now);
            write(ALARM + CONTROL, 0);
            if next == u64::MAX {
                return;
            }
            let ticks = next.saturating_mul(TICKS_PER_MICRO).saturating_sub(self.ticks());
            if ticks > 0 {
                let ticks = ticks.clamp(SOONEST, u32::MAX.into());
                write(ALARM + RELOAD, 0);
                write(ALARM + VALUE, u32::try_from(ticks).unwrap_or(u32::MAX));
                write(ALARM + CONTROL, ENABLE_WITH_INTERRUPT);
                return;
            }
        }
    }
}

/// Starts the clock.
pub fn start_timer() {
    write(CLOCK + RELOAD, u32::MAX);
    write(CLOCK + VALUE, u32::MAX);
    write(CLOCK + CONTROL, ENABLE_WITH_INTERRUPT);
    write(ENABLE_INTERRUPTS, 0b11 << 8);
}

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    critical_section::with(|held| {
        let mut state = TIMER.0.borrow_ref_mut(held);
        if interrupt == CLOCK_IRQ {
            write(CLOCK + STATUS, 1);
            state.wraps += 1;
        } else {
            write(ALARM + STATUS, 1);
            state.arm();
        }
    });
}

static WOKEN: AtomicBool = AtomicBool::new(false);
static WAKES: AtomicU32 = AtomicU32::new(0);

/// How often there was something to do after a sleep.
pub fn wakes() -> u32 {
    WAKES.load(Ordering::Relaxed)
}

#[unsafe(export_name = "__pender")]
fn pend(_: *mut ()) {
    WOKEN.store(true, Ordering::SeqCst);
}

/// Runs tasks, and sleeps when there is nothing to run.
///
/// embassy's own executor for threads sleeps with WFE, at which QEMU never stops.
pub fn run(executor: &'static raw::Executor) -> ! {
    loop {
        WOKEN.store(false, Ordering::SeqCst);
        // SAFETY: it was initialised, is polled here only, and not from within itself.
        unsafe { executor.poll() };
        let mut slept = false;
        loop {
            cortex_m::interrupt::disable();
            let woken = WOKEN.load(Ordering::SeqCst);
            if !woken {
                // An interrupt wakes the processor although it is served only after `enable`.
                cortex_m::asm::wfi();
                slept = true;
            }
            // SAFETY: nothing here relies on interrupts being off.
            unsafe { cortex_m::interrupt::enable() };
            if woken {
                break;
            }
        }
        // Nobody else writes it, and not every processor can add in one step.
        WAKES.store(wakes() + u32::from(slept), Ordering::Relaxed);
    }
}

fn read(register: usize) -> u32 {
    // SAFETY: it is a register of this board that can be read at any time.
    unsafe { (register as *const u32).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: it is a register of this board, and no memory of this program.
    unsafe { (register as *mut u32).write_volatile(value) }
}
