//! The tasks of the device, and who listens to what becomes of them.

use embassy_time::Timer;
use mainspring_core::fire::Skip;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Count;
use mainspring_core::verb::{self, History};
use mainspring_embassy::domain::Small;
use mainspring_embassy::name::{JobId, Name};
use mainspring_embassy::task::{Failure, NoTasks, Run, Tasks};

use crate::Trace;

pub(crate) const MEASURE: Name = Name::of("measure");
pub(crate) const SEND: Name = Name::of("send");
pub(crate) const WATER: Name = Name::of("water");

/// Names that lines may have in them.
const NAMES: [&str; 7] = ["measure", "send", "water", "beat", "early", "office", "garden"];

pub(crate) fn spelt(name: Name) -> &'static str {
    NAMES.into_iter().find(|text| Name::of(text) == name).unwrap_or("?")
}

/// What the device can do: measuring takes no time, sending fails twice, watering takes as many
/// seconds as it is told.
pub(crate) fn tasks(trace: Trace, none: NoTasks) -> impl Tasks<Small> {
    none.on(MEASURE, async move |run: &Run<Small>| {
        starts(trace, run);
        Ok(())
    })
    .on(SEND, async move |run: &Run<Small>| {
        starts(trace, run);
        Timer::after_secs(2).await;
        if run.attempt <= run.payload { Err(Failure::Failed(run.attempt)) } else { Ok(()) }
    })
    .on(WATER, async move |run: &Run<Small>| {
        starts(trace, run);
        Timer::after_secs(run.payload.into()).await;
        Ok(())
    })
}

fn starts(trace: Trace, run: &Run<Small>) {
    let (task, attempt) = (spelt(run.task), run.attempt);
    match (run.schedule, run.fire_at) {
        (Some(schedule), Some(at)) => trace.line(format_args!(
            "{task} starts, attempt {attempt}, {} of {} at {}",
            run.origin.name(),
            spelt(schedule),
            rounded(at)
        )),
        _ => trace.line(format_args!("{task} starts, attempt {attempt}, {}", run.origin.name())),
    }
}

/// To whole seconds: a board takes some time to do things, and an interval counts from when it was
/// put.
fn rounded(at: Timestamp) -> Timestamp {
    let at = at + Span::from_millis(500);
    at - Span::from_micros(at.subsec_micros())
}

/// Tells what ended, and what did not happen.
pub(crate) struct Listener(pub(crate) Trace);

impl History<Small> for Listener {
    fn run(&mut self, run: verb::Run<Small>) {
        let verb::Ended { outcome, detail, .. } = run.ended;
        let last = if run.settled { "is over" } else { "will be tried again" };
        let task = spelt(run.task);
        match detail {
            Some(code) => self.0.line(format_args!("{task} {outcome:?} with {code}, {last}")),
            None => self.0.line(format_args!("{task} {outcome:?}, {last}")),
        }
    }

    fn skip(&mut self, schedule: &Name, skip: Skip) {
        let count = match skip.count {
            Count::Exact(count) | Count::AtLeast(count) => count,
        };
        self.0.line(format_args!(
            "{} leaves {count} out, {}, from {} to {}",
            spelt(*schedule),
            skip.reason.name(),
            rounded(skip.from),
            rounded(skip.to)
        ));
    }

    fn is_settled(&self, _: &JobId) -> bool {
        false
    }

    fn ended(&self, _: &JobId, _: Token) -> Option<(Outcome, bool)> {
        None
    }
}
