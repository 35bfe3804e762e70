//! Two days in the life of a device, told line by line.
//!
//! It boots without knowing the time, is told it, lives through the end of daylight saving, has
//! tasks that fail and tasks that hang, is paused, loses its power in the middle of a run, and goes
//! on. Whoever plays it brings a timer and a place for the lines; what happens is the same
//! everywhere, and so are the lines.
#![no_std]

mod cast;
mod flash;
mod story;

use core::fmt;

use embassy_futures::select::{Either, select};
use mainspring_core::time::MICROS_PER_SECOND;
use mainspring_embassy::clock::Clock;
use mainspring_embassy::command::Commands;
use mainspring_embassy::domain::Small;
use mainspring_embassy::engine;
use mainspring_embassy::flash::{FlashJournal, Options};
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task;

pub use flash::{Beyond, Flash};

use cast::{Listener, tasks};
use story::{ACTS, Act};

/// The engine of the device: eight schedules, four tasks and eight jobs, of which two run at once.
pub type Engine = engine::Engine<Small, SCHEDULES, TASKS, JOBS, RUNS, SCHEDULES>;

/// Where the lines go.
#[derive(Clone, Copy, Debug)]
pub struct Trace(pub fn(fmt::Arguments<'_>));

impl Trace {
    /// A line, after the seconds since the start: rounded, because a board takes some time to do
    /// things.
    fn line(self, text: fmt::Arguments<'_>) {
        let micros = Clock::raw().as_micros() + MICROS_PER_SECOND / 2;
        (self.0)(format_args!("{:>6} {text}", micros / MICROS_PER_SECOND));
    }
}

/// Plays all of it, with a journal in this flash.
pub async fn play(trace: Trace, engine: &mut Engine, flash: &Flash) {
    for act in ACTS {
        *engine = Engine::EMPTY;
        let Ok(journal) = FlashJournal::new(flash, Flash::RANGE, Options::default()) else {
            trace.line(format_args!("the flash is no flash for a journal"));
            return;
        };
        if !play_act(act, trace, engine, journal).await {
            return;
        }
    }
    trace.line(format_args!("the end"));
}

/// Where the device keeps what outlives a loss of power.
type Kept<'f> = FlashJournal<Small, &'f Flash, SCHEDULES, JOBS>;

/// Plays from power-on to the loss of power; says whether that was possible.
async fn play_act(act: &Act, trace: Trace, engine: &mut Engine, journal: Kept<'_>) -> bool {
    let commands: Commands<Small, 4> = Commands::new();
    let started = Pump::start(engine, &commands, journal, Listener(trace)).await;
    let Ok((mut pump, restored)) = started else {
        trace.line(format_args!("the journal does not answer"));
        return false;
    };
    trace.line(format_args!(
        "power on, {} schedules and {} jobs are back",
        restored.schedules, restored.jobs
    ));
    story::put_schedules(&mut |command| pump.tell(command), trace);
    let tasks = tasks(trace, task::tasks());
    let told = story::tell(act, &commands, trace);
    match select(pump.run(&tasks), told).await {
        Either::First(()) => trace.line(format_args!("stopped")),
        Either::Second(()) => trace.line(format_args!("power off")),
    }
    true
}

const SCHEDULES: usize = 8;
const TASKS: usize = 4;
const JOBS: usize = 8;
const RUNS: usize = 2;
