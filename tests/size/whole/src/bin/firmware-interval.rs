//! Whole firmware that never learns the time: intervals, every command.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embassy_executor::raw;
use mainspring_embassy::domain::Intervals;
use mainspring_embassy::timing::Interval;
use mainspring_firmware_qemu::{board, end};
use mainspring_size_whole::{Engine, Wishes, live};
use static_cell::{ConstStaticCell, StaticCell};

static ENGINE: ConstStaticCell<Engine<Intervals>> = ConstStaticCell::new(Engine::EMPTY);
static WISHES: Wishes<Intervals> = Wishes::new();
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();

const SCHEDULES: [Interval; 4] =
    [Interval::secs(60), Interval::secs(300), Interval::secs(3_600), Interval::secs(900)];

#[entry]
fn main() -> ! {
    board::start_timer();
    let executor = EXECUTOR.init(raw::Executor::new(core::ptr::null_mut()));
    match run(ENGINE.take()) {
        Ok(run) => executor.spawner().spawn(run),
        Err(_) => end(false),
    }
    board::run(executor)
}

#[embassy_executor::task]
async fn run(engine: &'static mut Engine<Intervals>) {
    end(live(engine, &WISHES, SCHEDULES).await);
}
