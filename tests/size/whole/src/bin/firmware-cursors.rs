//! Whole firmware whose schedules are part of it, with a journal of their cursors in flash: cron,
//! intervals, POSIX zones, every command. The flash is an array, 16 KiB of the program.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embassy_executor::raw;
use mainspring_core::schedule::Spec;
use mainspring_embassy::cursors::{CursorJournal, Options};
use mainspring_embassy::fixed::{Fixed, InProgram};
use mainspring_embassy::name::Name;
use mainspring_embassy::timing::Fires;
use mainspring_firmware_qemu::{board, end};
use mainspring_scenario::Flash;
use mainspring_size_whole::{Engine, QUICK, SLOW, Wishes, live};
use static_cell::{ConstStaticCell, StaticCell};

static FLASH: ConstStaticCell<Flash> = ConstStaticCell::new(Flash::erased());
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
    match run(ENGINE.take(), FLASH.take()) {
        Ok(run) => executor.spawner().spawn(run),
        Err(_) => end(false),
    }
    board::run(executor)
}

#[embassy_executor::task]
async fn run(engine: &'static mut Engine<Fixed>, flash: &'static Flash) {
    let journal = CursorJournal::new(flash, Flash::RANGE, &SCHEDULES, Options::default());
    let Ok(journal) = journal else { end(false) };
    end(live(engine, &WISHES, SCHEDULES.each_ref().map(InProgram), journal).await);
}
