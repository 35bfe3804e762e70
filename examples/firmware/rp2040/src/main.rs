//! A Raspberry Pi Pico whose lamp blinks by a schedule, with nothing wired to it.
//!
//! The lamp changes each second, and flashes ten times at every full hour once somebody has told
//! the time: see `Command::set_clock`. Its schedules are part of the program; where they stood when
//! the power went is in the last 64 KiB of its flash.
#![no_std]
#![no_main]

use core::cell::RefCell;

use cortex_m_rt as _;
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_rp::clocks::RoscRng;
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::gpio::{Level, Output};
use mainspring_core::dice::Dice;
use mainspring_core::schedule::Spec;
use mainspring_core::time::Span;
use mainspring_embassy::command::{Command, Commands};
use mainspring_embassy::cursors::{CursorJournal, Interrupted, Options};
use mainspring_embassy::engine;
use mainspring_embassy::fixed::{Fixed, InProgram};
use mainspring_embassy::name::Name;
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Run};
use mainspring_embassy::timing::Fires;
use panic_halt as _;
use portable_atomic as _;
use static_cell::ConstStaticCell;

/// Two schedules, one task and eight jobs, of which two run at once.
type Engine = engine::Engine<Fixed, 2, 1, 8, 2, 2>;

static ENGINE: ConstStaticCell<Engine> = ConstStaticCell::new(Engine::EMPTY);
static COMMANDS: Commands<Fixed, 4> = Commands::new();

const LAMP: Name = Name::of("lamp");
const HOURLY: Fires = Fires::cron("0 * * * *", "CET-1CEST,M3.5.0,M10.5.0/3");

/// What the device does; the number is how often the lamp changes.
static SCHEDULES: [Spec<Fixed>; 2] = [
    Spec { payload: 1, ..Fixed::spec(Name::of("beat"), LAMP, Fires::every_secs(1)) },
    Spec { payload: 20, ..Fixed::spec(Name::of("hourly"), LAMP, HOURLY) },
];

const FLASH: usize = 2 << 20;
const JOURNAL: core::ops::Range<u32> = 0x1f_0000..0x20_0000;

/// A beat each second is not worth flash that wears out.
const OPTIONS: Options =
    Options { interrupted: Interrupted::RunsAgain, within: Span::from_mins(10) };

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let board = embassy_rp::init(Default::default());
    let lamp = RefCell::new(Output::new(board.PIN_25, Level::Low));
    let flash = Flash::<_, Blocking, FLASH>::new_blocking(board.FLASH);
    let journal = CursorJournal::new(BlockingAsync::new(flash), JOURNAL, &SCHEDULES, OPTIONS);
    let journal = journal.expect("an even number of pages");
    let started = Pump::start(ENGINE.take(), &COMMANDS, journal, ()).await;
    let (mut pump, _) = started.expect("the flash answers");
    pump.dice(Dice::seeded(RoscRng.next_u64()));

    for schedule in &SCHEDULES {
        pump.tell(Command::Put(InProgram(schedule)));
    }
    let tasks = task::tasks().on(LAMP, async |run: &Run<Fixed>| {
        for _ in 0..run.payload {
            lamp.borrow_mut().toggle();
            embassy_time::Timer::after_millis(50).await;
        }
        Ok(())
    });
    pump.run(&tasks).await;
}
