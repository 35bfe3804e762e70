//! Whole firmware that never learns the time: intervals, every command.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embassy_executor::raw;
use mainspring_core::schedule::Spec;
use mainspring_embassy::fixed::{Fixed, InProgram, PlainIntervals};
use mainspring_embassy::journal::Ram;
use mainspring_embassy::name::Name;
use mainspring_embassy::timing::Interval;
use mainspring_firmware_qemu::{board, end};
use mainspring_size_whole::{Engine, QUICK, SLOW, Wishes, live};
use static_cell::{ConstStaticCell, StaticCell};

type Here = Fixed<PlainIntervals>;

static ENGINE: ConstStaticCell<Engine<Here>> = ConstStaticCell::new(Engine::EMPTY);
static WISHES: Wishes<Here> = Wishes::new();
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();

static SCHEDULES: [Spec<Here>; 4] = [
    Spec { payload: 1, ..Here::spec(Name::of("one"), SLOW, Interval::secs(60)) },
    Here::spec(Name::of("two"), QUICK, Interval::secs(300)),
    Here::spec(Name::of("three"), QUICK, Interval::secs(3_600)),
    Here::spec(Name::of("four"), QUICK, Interval::secs(900)),
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
async fn run(engine: &'static mut Engine<Here>) {
    end(live(engine, &WISHES, SCHEDULES.each_ref().map(InProgram), Ram).await);
}
