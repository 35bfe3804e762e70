//! Whole firmware: cron, intervals, POSIX zones, every command.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embassy_executor::raw;
use mainspring_embassy::domain::Usual;
use mainspring_embassy::timing::Fires;
use mainspring_firmware_qemu::{board, end};
use mainspring_size_whole::{Engine, Wishes, live};
use static_cell::{ConstStaticCell, StaticCell};

static ENGINE: ConstStaticCell<Engine<Usual>> = ConstStaticCell::new(Engine::EMPTY);
static WISHES: Wishes<Usual> = Wishes::new();
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

const SCHEDULES: [Fires; 4] = [
    Fires::every_secs(60),
    Fires::cron("*/5 * * * *", "UTC0"),
    Fires::cron("30 1-2 * * mon-fri", BERLIN),
    Fires::every_secs(900),
];

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
async fn run(engine: &'static mut Engine<Usual>) {
    end(live(engine, &WISHES, SCHEDULES).await);
}
