//! The queue alone, with the decision about each fire, and within the planner.

use std::convert::Infallible;
use std::fmt::Debug;

use mainspring_core::domain::{Domain, Origin};
use mainspring_core::fire;
use mainspring_core::id::{ConfigRevision, Revision};
use mainspring_core::planner::{Entry, Input, Output, Planner};
use mainspring_core::pulse::Pulse;
use mainspring_core::queue::{Node, Queue, nodes_for};
use mainspring_core::room::{Boxed, Room};
use mainspring_core::schedule::{Next, Policies, Schedule, Spec};
use mainspring_core::settings::{Settings, Terms};
use mainspring_core::table::Slot;
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use mainspring_core::trigger::Cron;
use mainspring_core::verb::Advanced;

use crate::crons::{START, Utc, next};
use crate::{Contestant, Fired};

struct Queued {
    queue: Queue<Timestamp, <Boxed as Room>::Cells>,
    crons: Vec<Cron>,
}

impl Queued {
    fn new(crons: &[Cron]) -> Self {
        let mut queue = Queue::new(Boxed(crons.len()).cells());
        for (slot, cron) in crons.iter().enumerate() {
            queue.put(slot, next(cron, START));
        }
        Self { queue, crons: crons.to_vec() }
    }
}

pub(crate) fn queue(crons: &[Cron]) -> Box<dyn Contestant> {
    Box::new(Queued::new(crons))
}

impl Contestant for Queued {
    fn run(&mut self, until: Timestamp) -> Fired {
        let mut fired = Fired::default();
        while let Some((slot, at)) = self.queue.peek().filter(|(_, at)| *at <= until) {
            fired.add(slot, at);
            self.queue.put(slot, next(&self.crons[slot], at));
        }
        fired
    }
}

struct Decided(Queued);

pub(crate) fn decide(crons: &[Cron]) -> Box<dyn Contestant> {
    Box::new(Decided(Queued::new(crons)))
}

impl Contestant for Decided {
    fn run(&mut self, until: Timestamp) -> Fired {
        let Queued { queue, crons } = &mut self.0;
        let mut fired = Fired::default();
        while let Some((slot, now)) = queue.peek().filter(|(_, at)| *at <= until) {
            let due = fire::due(&Utc(crons[slot]), now, now, &Policies::DEFAULT);
            let due = due.expect("the cursor is due");
            for at in due.fires {
                fired.add(slot, at);
            }
            queue.put(slot, due.next.at().expect("these crons never end"));
        }
        fired
    }
}

/// Numbers for everything but the jobs, whose ids are as large as a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Numbers;

impl Domain for Numbers {
    type ScheduleId = u32;
    type TaskId = u32;
    type JobId = (u32, Timestamp);
    type NodeId = u32;
    type Source = ();
    type Trigger = ();
    type Payload = ();
    type Detail = ();
    type Text = ();
    type Exclusions = ();
    type Key = Infallible;
    type Tags = ();
    type Held<T: Clone + Debug + PartialEq + 'static> = T;
    type Settings = Settings;
    type Terms = Terms;
    type Fires<T: Clone + Debug + PartialEq> = mainspring_core::fire::Several<T>;
    type Skips<T: Clone + Debug + PartialEq> = mainspring_core::fire::Skips<T>;
    type Chains<J: mainspring_core::room::Room> = J;
    type Cursor = mainspring_core::schedule::Next;
    type Note<T: mainspring_core::note::Notable> = T;

    fn fire_job(schedule: &u32, at: Timestamp, _: Origin) -> (u32, Timestamp) {
        (*schedule, at)
    }

    fn spread(schedule: &u32) -> u64 {
        u64::from(*schedule) << 32
    }

    fn covers((): &(), (): &()) -> bool {
        true
    }
}

struct Planned {
    planner: Planner<Numbers, Utc, Boxed>,
    wall: Timestamp,
}

pub(crate) fn planner(crons: &[Cron]) -> Box<dyn Contestant> {
    let mut planner = Planner::new(&Boxed(crons.len()), Span::from_days(1));
    planner.lookahead(Span::from_days(366));
    for (id, &cron) in (0..).zip(crons) {
        let spec = Spec::new(id, 0, (), (), ());
        let next = Next::At(next(&cron, START));
        let schedule = Schedule::created(spec, next, ConfigRevision::default(), START);
        planner.adopt(&schedule, Utc(cron)).expect("there is room for all");
    }
    // Fires are judged by the store's clock: nothing is decided before it was heard of.
    let start = Now { wall: START, mono: Mono::ZERO };
    planner.handle(Input::Pulse(pulse(START)), start);
    Box::new(Planned { planner, wall: START })
}

impl Planned {
    fn now(&self) -> Now {
        let mono = Mono::from_micros(self.wall.since(START).as_micros());
        Now { wall: self.wall, mono }
    }
}

/// The news of a store in which nothing else is planned.
fn pulse(store_now: Timestamp) -> Pulse {
    Pulse {
        store_now,
        next_due_at: None,
        next_ready_at: None,
        next_lapse_at: None,
        config_revision: ConfigRevision::default(),
    }
}

/// The pump: answers every advance at once, and moves the clock to the deadline.
impl Contestant for Planned {
    fn run(&mut self, until: Timestamp) -> Fired {
        let mut fired = Fired::default();
        loop {
            let now = self.now();
            loop {
                let output = self.planner.poll(now);
                let Some(Output::Advance { ticket, advance }) = &output else {
                    assert_eq!(
                        output, None,
                        "a full window claims nothing, and there is no history"
                    );
                    break;
                };
                let ticket = *ticket;
                for fire in &advance.fires {
                    fired.add(advance.schedule as usize, fire.at);
                }
                let inserted = u32::try_from(advance.fires.len()).expect("a short list");
                let revision = Revision::new(advance.revision.number().wrapping_add(1));
                let result = Ok((Advanced::Done { revision, inserted }, pulse(now.wall)));
                let schedule = advance.schedule;
                self.planner.handle(Input::Advanced { ticket, schedule, result }, now);
            }
            let deadline = self.planner.deadline(now).expect("these crons never end");
            let due = START + Span::from_micros(deadline.as_micros());
            if due > until {
                return fired;
            }
            self.wall = due;
        }
    }
}

/// What one schedule takes, by part.
pub(crate) fn sizes() -> [(&'static str, f64); 4] {
    let entry = size_of::<Slot<Entry<Numbers, Utc>>>() as f64;
    let nodes = nodes_for(1_000_000) * size_of::<Node>();
    let cell = size_of::<Timestamp>() as f64 + nodes as f64 / 1e6;
    [
        ("cron", size_of::<Cron>() as f64),
        ("key in the queue, share of its tree", cell),
        ("slot of the planner's window", entry),
        ("queue + planner", entry + cell),
    ]
}
