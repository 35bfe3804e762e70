//! Whole firmware with a journal in flash: cron, intervals, POSIX zones, every command,
//! schedules from anywhere, the built-in policies. The flash is an array, 16 KiB of the program.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embassy_executor::raw;
use mainspring_core::schedule::Spec;
use mainspring_embassy::domain::Small;
use mainspring_embassy::fixed::Plain;
use mainspring_embassy::flash::{FlashJournal, Options};
use mainspring_embassy::name::Name;
use mainspring_embassy::timing::Fires;
use mainspring_firmware_qemu::{board, end};
use mainspring_scenario::Flash;
use mainspring_size_whole::{Engine, QUICK, SLOW, Wishes, live};
use static_cell::{ConstStaticCell, StaticCell};

type Here = Small<Plain>;

static FLASH: ConstStaticCell<Flash> = ConstStaticCell::new(Flash::erased());
static ENGINE: ConstStaticCell<Engine<Here>> = ConstStaticCell::new(Engine::EMPTY);
static WISHES: Wishes<Here> = Wishes::new();
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

const FIRES: [Fires; 4] = [
    Fires::every_secs(60),
    Fires::cron("*/5 * * * *", "UTC0"),
    Fires::cron("30 1-2 * * mon-fri", BERLIN),
    Fires::every_secs(900),
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
async fn run(engine: &'static mut Engine<Here>, flash: &'static Flash) {
    let journal = FlashJournal::<_, _, 32, 16>::new(flash, Flash::RANGE, Options::default());
    let Ok(journal) = journal else { end(false) };
    let spec = |name, task, fires| Spec::new(Name::of(name), task, 0, fires, 1);
    let [one, two, three, four] = FIRES;
    let schedules = [
        spec("one", SLOW, one),
        spec("two", QUICK, two),
        spec("three", QUICK, three),
        spec("four", QUICK, four),
    ];
    end(live(engine, &WISHES, schedules, journal).await);
}
