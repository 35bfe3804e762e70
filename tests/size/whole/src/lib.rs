//! What the measured firmware shares: an engine of the size that the bars are about, in a pump, on
//! embassy's executor and timer.
#![no_std]

use core::pin::pin;

use embassy_futures::select::select;
use embassy_time::Timer;
use mainspring_core::room::Inline;
use mainspring_core::schedule::Spec;
use mainspring_embassy::command::{Command, Commands};
use mainspring_embassy::domain::Device;
use mainspring_embassy::engine;
use mainspring_embassy::journal::Journal;
use mainspring_embassy::name::Name;
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Failure, Run};
use portable_atomic as _;

/// 32 schedules, 4 tasks and 16 jobs, of which 4 run at once; 4 schedules are looked at ahead.
pub type Engine<D> = engine::Engine<D, 32, 4, 16, 4, 4>;

/// What comes in from elsewhere, up to four at a time.
pub type Wishes<D> = Commands<D, 4>;

/// The tasks.
pub const QUICK: Name = Name::of("quick");
/// It takes a while and needs a second attempt.
pub const SLOW: Name = Name::of("slow");

/// Lives through two hours; says whether as many jobs ran as should have.
pub async fn live<D, L>(
    engine: &'static mut Engine<D>,
    wishes: &'static Wishes<D>,
    schedules: [D::Held<Spec<D>>; 4],
    journal: L,
) -> bool
where
    D: Device<TaskId = Name, Payload = u32> + Send,
    L: Journal<D, Inline<32>, Inline<4>, Inline<16>, Inline<0>>,
{
    let Ok((mut pump, _)) = Pump::start(engine, wishes, journal, ()).await else {
        return false;
    };
    for schedule in schedules {
        pump.tell(Command::Put(schedule));
    }
    let runs = core::cell::Cell::new(0_u32);
    let tasks = task::tasks()
        .on(QUICK, async |_: &Run<D>| {
            runs.set(runs.get() + 1);
            Ok(())
        })
        .on(SLOW, async |run: &Run<D>| {
            Timer::after_secs(run.payload.into()).await;
            runs.set(runs.get() + 1);
            if run.attempt > 1 { Ok(()) } else { Err(Failure::Failed(1)) }
        });
    // In place: what is passed on by value goes over the stack.
    select(pin!(pump.run(&tasks)), Timer::after_secs(7_200)).await;
    runs.get() > 24
}
