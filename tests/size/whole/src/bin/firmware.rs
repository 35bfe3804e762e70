//! Whole firmware whose schedules are part of it: cron, intervals, POSIX zones, every command.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embassy_executor::raw;
use mainspring_core::schedule::Spec;
use mainspring_embassy::fixed::{Fixed, InProgram};
use mainspring_embassy::journal::Ram;
use mainspring_embassy::name::Name;
use mainspring_embassy::timing::Fires;
use mainspring_firmware_qemu::{board, end};
use mainspring_size_whole::{Engine, QUICK, SLOW, Wishes, live};
use static_cell::{ConstStaticCell, StaticCell};

static ENGINE: ConstStaticCell<Engine<Fixed>> = ConstStaticCell::new(Engine::EMPTY);
static WISHES: Wishes<Fixed> = Wishes::new();
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

static SCHEDULES: [Spec<Fixed>; 4] = [
    Spec { payload: 1, ..Fixed::spec(Name::of("one"), SLOW, Fires::every_secs(60)) },
    Fixed::spec(Name::of("two"), QUICK, Fires::cron("*/5 * * * *", "UTC0")),
    Fixed::spec(Name::of("three"), QUICK, Fires::cron("30 1-2 * * mon-fri", BERLIN)),
    Fixed::spec(Name::of("four"), QUICK, Fires::every_secs(900)),
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
async fn run(engine: &'static mut Engine<Fixed>) {
    end(live(engine, &WISHES, SCHEDULES.each_ref().map(InProgram), Ram).await);
}
