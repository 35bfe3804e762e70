//! Records as a debug probe logs them: names, numbers and states, without text formatting on the
//! device.
//!
//! `defmt` cannot derive this for records that are generic over a domain, so their parts are listed
//! here.

use defmt::{Format, Formatter, write};

use crate::domain::Domain;
use crate::id::Ticket;
use crate::job::{Change, Job, JobState, Unique};
use crate::lease::Lease;
use crate::schedule::{Schedule, Spec};
use crate::task::Task;
use crate::time::{Mono, Span, Timestamp};
use crate::verb;
use crate::{planner, worker};

/// A domain whose types can be logged. Every domain that can is one.
pub trait FormatDomain:
    Domain<
        ScheduleId: Format,
        TaskId: Format,
        JobId: Format,
        NodeId: Format,
        Source: Format,
        Trigger: Format,
        Payload: Format,
        Detail: Format,
        Text: Format,
        Exclusions: Format,
        Key: Format,
        Tags: Format,
        Settings: Format,
        Terms: Format,
        Cursor: Format,
        Note<u16>: Format,
        Note<u32>: Format,
        Note<Timestamp>: Format,
        Note<Option<Timestamp>>: Format,
    >
{
}

impl<D> FormatDomain for D where
    D: Domain<
            ScheduleId: Format,
            TaskId: Format,
            JobId: Format,
            NodeId: Format,
            Source: Format,
            Trigger: Format,
            Payload: Format,
            Detail: Format,
            Text: Format,
            Exclusions: Format,
            Key: Format,
            Tags: Format,
            Settings: Format,
            Terms: Format,
            Cursor: Format,
            Note<u16>: Format,
            Note<u32>: Format,
            Note<Timestamp>: Format,
            Note<Option<Timestamp>>: Format,
        >
{
}

/// Logs a record as its name and its parts.
macro_rules! record {
    ($($type:path { $($part:ident $(($($none:tt)*))?),* $(,)? })*) => {
        $(
            impl<D: FormatDomain> Format for $type {
                fn format(&self, f: Formatter<'_>) {
                    write!(f, "{=str}", stringify!($type));
                    $(write!(f, " {=str}={}", stringify!($part), self.$part $(($($none)*))?);)*
                }
            }
        )*
    };
}

/// Logs an alternative as its name and its parts.
macro_rules! alternatives {
    ($($type:path { $($name:ident $({ $($part:ident),* })? $(($only:ident))?,)* })*) => {
        $(
            impl<D: FormatDomain> Format for $type {
                fn format(&self, f: Formatter<'_>) {
                    match self {
                        $(
                            Self::$name $({ $($part),* })? $(($only))? => {
                                write!(f, "{=str}", stringify!($name));
                                $($(write!(
                                    f, " {=str}={}", stringify!($part), $part
                                );)*)?
                                $(write!(f, " {}", $only);)?
                            }
                        )*
                    }
                }
            }
        )*
    };
}

/// In microseconds since 1970.
impl Format for Timestamp {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=i64}us", self.as_micros());
    }
}

impl Format for Span {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=i64}us", self.as_micros());
    }
}

/// In microseconds since the clock's start.
impl Format for Mono {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=i64}us", self.as_micros());
    }
}

impl Format for Ticket {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "#{=u32}", self.number());
    }
}

record! {
    Task<D> { id, version, max_running, settings, tags }
    Spec<D> {
        id, task, source, trigger, payload, exclusions, policies, settings, tags, paused,
    }
    Schedule<D> { spec(), revision, next, last_fire_at, fired, failures, pause, quarantine }
    Lease<D> { node, token, until }
    Unique<D> { key, hold() }
    Job<D> {
        id, task, schedule, origin, fire_at, payload, terms, tags, unique, watched, start_by,
        created_at, counts, token, state,
    }
    verb::PutSchedule<D> { spec(), next, conflict }
    verb::ClaimSchedules<D> { node, within, claim_for, max }
    verb::Fire<D> { job, at, ready_at, start_by }
    verb::Advance<D> { schedule, revision, fires(), skips(), next, keep_for }
    verb::Resume<D> { schedule, revision, next, skip }
    verb::Quarantine<D> { schedule, revision, reason }
    verb::Enqueue<D> {
        id, task, payload, settings, tags, ready_at, start_by, unique, extra,
    }
    verb::Extra<D> { schedule, at, origin }
    verb::Renew<D> { job, token, lease_for }
    verb::Release<D> { job, token }
    verb::Ended<D> { outcome, started_at, finished_at, detail }
    verb::Retry<D> { job, token, after, cause, ended }
    verb::Settle<D> { job, token, ended }
    verb::Run<D> {
        job, token, attempt, task, schedule, origin, fire_at, node, settled, ended,
    }
}

alternatives! {
    JobState<D> {
        Held { ready_at },
        Waiting { ready_at },
        Leased { lease, cancel },
        Settled { outcome, finished_at },
    }
    Change<D> {
        Claim { node, until },
        Renew { token, until },
        Release { token },
        Retry { token, ready_at, cause },
        Settle { token, outcome },
        Cancel,
        Rescue { lapsed },
        Expire,
        Free,
        Hasten,
    }
    verb::Rescue<D> {
        Lapsed,
        HeldBy(node),
    }
    planner::Input<D> {
        Claimed { ticket, result },
        Advanced { ticket, schedule, result },
        Rescued { ticket, result },
        Pruned { ticket, result },
        Pulse(pulse),
        Hint,
        ClockJumped,
        Stop,
    }
    planner::Output<D> {
        Claim { ticket, within, claim_for, max },
        Advance { ticket, advance },
        Rescue { ticket, max },
        Prune { ticket, before, max },
    }
    worker::Input<D> {
        Claimed { ticket, result },
        Finished { job, token, ended, ask },
        Unstarted { job, token },
        Renewed { ticket, job, result },
        Written { ticket, job, result },
        Pulse(pulse),
        Hint,
        Verify(suspects),
        Cancelled(job),
        ClockJumped,
        Stop,
        Abort,
    }
    worker::Suspects<D> {
        Job(job),
        Schedule(schedule),
    }
    worker::Output<D> {
        Claim { ticket, lease_for, max },
        Run(job),
        Abort { job, token, why },
        Renew { ticket, renew },
        Release { ticket, release },
        Retry { ticket, retry },
        Settle { ticket, settle },
    }
}
