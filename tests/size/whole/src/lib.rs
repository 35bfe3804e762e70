//! What the measured firmware shares: an engine of the size that the bars are about, in a pump, on
//! embassy's executor and timer, without a journal.
#![no_std]

use embassy_futures::select::select;
use embassy_time::Timer;
use mainspring_core::schedule::Spec;
use mainspring_embassy::command::{Command, Commands};
use mainspring_embassy::domain::{Kind, Small};
use mainspring_embassy::engine;
use mainspring_embassy::journal::Ram;
use mainspring_embassy::name::Name;
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Failure, Run};
use portable_atomic as _;

/// 32 schedules, 4 tasks and 16 jobs, of which 4 run at once; 8 schedules are looked at ahead.
pub type Engine<K> = engine::Engine<Small<K>, 32, 4, 16, 4, 8>;

/// What comes in from elsewhere, up to four at a time.
pub type Wishes<K> = Commands<Small<K>, 4>;

/// Lives through two hours; says whether as many jobs ran as should have.
pub async fn live<K: Kind<Payload = u32>>(
    engine: &'static mut Engine<K>,
    wishes: &'static Wishes<K>,
    schedules: [K::Fires; 4],
) -> bool
where
    Small<K>: Send,
    K::Fires: Send,
{
    let Ok((mut pump, _)) = Pump::start(engine, wishes, Ram, ()).await;
    let (quick, slow) = (Name::of("quick"), Name::of("slow"));
    let names = ["one", "two", "three", "four"];
    for (name, fires) in names.into_iter().zip(schedules) {
        let task = if name == "one" { slow } else { quick };
        pump.tell(Command::Put(Spec::new(Name::of(name), task, 0, fires, 1)));
    }
    let runs = core::cell::Cell::new(0_u32);
    let tasks = task::tasks()
        .on(quick, async |_: &Run<Small<K>>| {
            runs.set(runs.get() + 1);
            Ok(())
        })
        .on(slow, async |run: &Run<Small<K>>| {
            Timer::after_secs(run.payload.into()).await;
            runs.set(runs.get() + 1);
            if run.attempt > 1 { Ok(()) } else { Err(Failure::Failed(1)) }
        });
    select(pump.run(&tasks), Timer::after_secs(7_200)).await;
    runs.get() > 24
}
