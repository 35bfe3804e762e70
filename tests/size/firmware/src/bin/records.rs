//! Prints how many bytes each record of the engine takes, a line `label: number` for each.
#![no_std]
#![no_main]

use core::mem::size_of;

use cortex_m_rt::entry;
use cortex_m_semihosting::hprintln;
use mainspring_core::fire::{Due, Skip};
use mainspring_core::job::{Change, Job, JobState};
use mainspring_core::ledger::{JobRow, Ledger, ScheduleRow, TaskRow};
use mainspring_core::planner::{self, Planner};
use mainspring_core::pulse::Pulse;
use mainspring_core::room::Inline;
use mainspring_core::schedule::{Policies, Schedule, Spec};
use mainspring_core::settings::{Backoff, Settings, Terms};
use mainspring_core::table::Slot;
use mainspring_core::task::Task;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Cron, CronIn, Every, ExtendedCron};
use mainspring_core::verb::{Advance, Ended, Fire, PutSchedule, Run};
use mainspring_core::worker::{self, Worker};
use mainspring_core::zone::{Rule, Zone};
use mainspring_size_firmware::domain::{Fires, Patterns, Small, Wall};
use mainspring_size_firmware::exit;

type Here = Small<Patterns>;

macro_rules! sizes {
    ($($label:literal $type:ty),* $(,)?) => {
        $(hprintln!("{}: {}", $label, size_of::<$type>());)*
    };
}

#[entry]
fn main() -> ! {
    sizes![
        "Cron" Cron,
        "ExtendedCron" ExtendedCron,
        "CronIn with a zone's number" CronIn<Wall>,
        "Every" Every,
        "trigger of the device" Fires,
        "Rule" Rule,
        "Zone" Zone<'static>,
        "Option<Timestamp>" Option<Timestamp>,
        "Policies" Policies,
        "Backoff" Backoff,
        "Settings" Settings,
        "Terms" Terms,
        "Task" Task<Here>,
        "Spec" Spec<Here>,
        "Schedule" Schedule<Here>,
        "JobState" JobState<Here>,
        "Job" Job<Here>,
        "Change" Change<Here>,
        "Fire" Fire<Here>,
        "Skip" Skip,
        "Due" Due,
        "Advance" Advance<Here>,
        "PutSchedule" PutSchedule<Here>,
        "Ended" Ended<Here>,
        "Run" Run<Here>,
        "Pulse" Pulse,
        "planner Input" planner::Input<Here>,
        "planner Output" planner::Output<Here>,
        "worker Input" worker::Input<Here>,
        "worker Output" worker::Output<Here>,
        "ledger slot of a schedule" Slot<ScheduleRow<Here, Inline<32>>>,
        "ledger slot of a task" Slot<TaskRow<Here, Inline<4>>>,
        "ledger slot of a job" Slot<JobRow<Here, Inline<4>, Inline<16>>>,
        "planner slot" Slot<planner::Entry<Here, &Fires>>,
        "worker slot" Slot<worker::Entry<Here>>,
        "Ledger, 32 schedules, 4 tasks, 16 jobs"
            Ledger<Here, Inline<32>, Inline<4>, Inline<16>, Inline<0>>,
        "Planner, 8 schedules" Planner<Here, &Fires, Inline<8>>,
        "Worker, 4 jobs" Worker<Here, Inline<4>>,
    ];
    exit(true)
}
