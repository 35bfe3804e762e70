//! How often a device wakes up in a day that measures three things, each every few minutes: as
//! exactly as it can, and with some slack, which merges wake-ups.
//!
//! `cargo run --release --bin wakeups` in this folder shows it.
#![no_std]
#![no_main]

use core::cell::Cell;

use cortex_m_rt::entry;
use embassy_executor::raw;
use embassy_futures::select::select;
use embassy_time::Timer;
use mainspring_core::schedule::{Policies, Spec};
use mainspring_core::time::Span;
use mainspring_embassy::command::{Command, Commands};
use mainspring_embassy::domain::Small;
use mainspring_embassy::engine;
use mainspring_embassy::journal::Ram;
use mainspring_embassy::name::Name;
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Run};
use mainspring_embassy::timing::Fires;
use mainspring_firmware_qemu::{board, end, print};
use static_cell::{ConstStaticCell, StaticCell};

type Engine = engine::Engine<Small, 4, 1, 4, 1, 4>;

static ENGINE: ConstStaticCell<Engine> = ConstStaticCell::new(Engine::EMPTY);
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();

#[entry]
fn main() -> ! {
    board::start_timer();
    let executor = EXECUTOR.init(raw::Executor::new(core::ptr::null_mut()));
    match compare(ENGINE.take()) {
        Ok(compare) => executor.spawner().spawn(compare),
        Err(_) => end(false),
    }
    board::run(executor)
}

#[embassy_executor::task]
async fn compare(engine: &'static mut Engine) {
    for slack in [0, 30, 60] {
        let (runs, wakes) = a_day(engine, Span::from_secs(slack)).await;
        print(format_args!("slack {slack:>3} s: {runs} runs, {wakes} wake-ups"));
    }
    end(true);
}

/// Lives through a day; says how often something was measured, and how often the device woke up.
async fn a_day(engine: &mut Engine, slack: Span) -> (u32, u32) {
    *engine = Engine::EMPTY;
    let commands: Commands<Small, 1> = Commands::new();
    let Ok((mut pump, _)) = Pump::start(engine, &commands, Ram, ()).await;
    let measure = Name::of("measure");
    let policies = Policies { slack, ..Policies::DEFAULT };
    for (name, secs) in [("temperature", 120), ("pressure", 150), ("light", 210)] {
        let spec = Spec::new(Name::of(name), measure, 0, Fires::every_secs(secs), 0);
        let _ = pump.tell(Command::Put(Spec { policies, ..spec }));
    }
    let runs = Cell::new(0);
    let tasks = task::tasks().on(measure, async |_: &Run<Small>| {
        runs.set(runs.get() + 1);
        Ok(())
    });
    let before = board::wakes();
    select(pump.run(&tasks), Timer::after_secs(86_400)).await;
    (runs.get(), board::wakes() - before)
}
