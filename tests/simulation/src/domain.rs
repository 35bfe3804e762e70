//! The types that the simulated application chooses: numbers for everything, and triggers that are
//! stored as what they say.

use core::fmt::Debug;

use mainspring_core::domain::{Domain, Origin};
use mainspring_core::exclude::{Except, Exclude, Stretch};
use mainspring_core::settings::{Settings, Terms};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{At, Count, Cron, CronIn, Every, Trigger, Within};
use mainspring_core::zone::{Rule, Zone};

/// The simulated domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sim;

impl Domain for Sim {
    type ScheduleId = u16;
    type TaskId = u16;
    type JobId = u64;
    type NodeId = u16;
    type Source = u8;
    type Trigger = Form;
    type Payload = Arguments;
    type Detail = ();
    type Text = &'static str;
    type Exclusions = Option<Freeze>;
    type Key = u8;
    type Tags = u8;
    type Held<T: Clone + Debug + PartialEq + 'static> = T;
    type Settings = Settings;
    type Terms = Terms;
    type Fires<T: Clone + Debug + PartialEq> = mainspring_core::fire::Several<T>;
    type Skips<T: Clone + Debug + PartialEq> = mainspring_core::fire::Skips<T>;
    type Chains<J: mainspring_core::room::Room> = J;
    type Cursor = mainspring_core::schedule::Next;
    type Note<T: mainspring_core::note::Notable> = T;

    fn fire_job(schedule: &u16, at: Timestamp, origin: Origin) -> u64 {
        // Instants of this century take 52 bits.
        let micros = at.as_micros().cast_unsigned();
        micros << 11 | u64::from(*schedule) << 2 | u64::from(origin.code())
    }

    fn spread(schedule: &u16) -> u64 {
        u64::from(*schedule).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn covers(offered: &u8, needed: &u8) -> bool {
        needed & !offered == 0
    }
}

/// The name of a job that is queued without a schedule.
pub(crate) fn queued_job(number: u64) -> u64 {
    number << 2 | u64::from(Origin::Queued.code())
}

/// A trigger as it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Evenly, through an anchor.
    Every(Span, Timestamp),
    /// The same, between two instants.
    Bounded(Span, Timestamp, Timestamp),
    /// Patterns of [`CRONS`] in [`ZONES`], by their numbers.
    Cron(usize, usize),
    /// Once.
    At(Timestamp),
    /// What no node can read: a row that is broken, or that a newer version wrote.
    Unreadable,
}

/// What a job is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// Nothing.
    None,
    /// What makes the job's row one that no program can read.
    Unreadable,
}

/// Patterns that notice what clocks do around two and three in the morning, and some that do not.
pub(crate) const CRONS: &[&str] = &[
    "* * * * *",
    "*/2 * * * *",
    "*/5 1-4 * * *",
    "0,15,30,45 2,3 * * *",
    "30 2 * * *",
    "5 2 * * *",
    "59 1 * * *",
    "0 3 * * *",
    "*/20 * * * * *",
    "10,50 0,30 * * * *",
];

/// Zones whose clocks change at 01:00 and 07:00 UTC, and one whose clocks never do.
pub(crate) const ZONES: &[&str] = &["CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "UTC0"];

/// A [`Form`] that can be asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Timer {
    /// Of [`Form::Every`].
    Every(Every),
    /// Of [`Form::Bounded`].
    Bounded(Within<Every>),
    /// Of [`Form::Cron`].
    Cron(CronIn<Zone<'static>>),
    /// Of [`Form::At`].
    At(At),
}

impl Timer {
    /// What a form says; `None` if it cannot be read.
    pub(crate) fn read(form: Form) -> Option<Self> {
        let every = |span, anchor| Every::new(span, anchor).expect("spans are longer than nothing");
        Some(match form {
            Form::Every(span, anchor) => Self::Every(every(span, anchor)),
            Form::Bounded(span, start, end) => {
                let trigger = every(span, start);
                Self::Bounded(Within { trigger, start: Some(start), end: Some(end) })
            }
            Form::Cron(pattern, zone) => {
                let cron = Cron::parse(CRONS[pattern]).expect("the patterns are good");
                let rule = Rule::parse(ZONES[zone]).expect("the rules are good");
                Self::Cron(CronIn::new(cron, Zone::posix(rule)))
            }
            Form::At(at) => Self::At(At(at)),
            Form::Unreadable => return None,
        })
    }

    fn inner(&self) -> &dyn Trigger {
        match self {
            Self::Every(trigger) => trigger,
            Self::Bounded(trigger) => trigger,
            Self::Cron(trigger) => trigger,
            Self::At(trigger) => trigger,
        }
    }
}

impl Trigger for Timer {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.inner().next_after(t)
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.inner().prev_before(t)
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        self.inner().count_between(after, until)
    }
}

/// When a schedule does not fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freeze {
    /// Once.
    Once(Stretch),
    /// Evenly: every so often from an anchor on, for so long.
    Windows {
        /// From one to the next.
        every: Span,
        /// The beginning of one of them.
        anchor: Timestamp,
        /// How long each lasts; less than `every`.
        length: Span,
    },
}

impl Freeze {
    /// The stretch that an instant lies in, by arithmetic of its own: what checkers ask.
    pub(crate) fn end_around(&self, at: Timestamp) -> Option<Timestamp> {
        match *self {
            Self::Once(Stretch { from, until }) => (from <= at && at < until).then_some(until),
            Self::Windows { every, anchor, length } => {
                let past = at.since(anchor).as_micros().rem_euclid(every.as_micros());
                let left = length - Span::from_micros(past);
                left.is_positive().then_some(at + left)
            }
        }
    }
}

impl Exclude for Freeze {
    fn next(&self, t: Timestamp) -> Option<Stretch> {
        match *self {
            Self::Once(stretch) => stretch.next(t),
            Self::Windows { every, anchor, length } => {
                let opens = Every::new(every, anchor).expect("a span longer than nothing");
                mainspring_core::exclude::Windows { opens, length }.next(t)
            }
        }
    }
}

/// A stored trigger with its exclusions, ready to be asked.
pub(crate) type Plan = Except<Timer, Option<Freeze>>;

/// Decodes what is stored, if it can be read.
pub(crate) fn plan(form: Form, exclude: Option<Freeze>) -> Option<Plan> {
    Some(Except { trigger: Timer::read(form)?, exclude })
}
