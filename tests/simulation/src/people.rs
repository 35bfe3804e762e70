//! What people write down and ask for.

use mainspring_core::domain::{Domain, Origin};
use mainspring_core::exclude::Stretch;
use mainspring_core::fire;
use mainspring_core::job::{Hold, Unique};
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::{Coalesce, Jitter, Next, Policies, Schedule, Spec, Spread};
use mainspring_core::settings::{Backoff, Priority, Retry, Settings, Timeout};
use mainspring_core::task::Task;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Trigger;
use mainspring_core::verb::{Conflict, Enqueue, Extra, PutSchedule, Resume};

use crate::chance::Chance;
use crate::domain::{Arguments, CRONS, Form, Freeze, Sim, Timer, ZONES, plan, queued_job};
use crate::swarm::{Swarm, Words};

/// Something that people ask of the store.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Make a task known, or change it.
    Task(Task<Sim>),
    /// Put a schedule.
    Put(Box<PutSchedule<Sim>>),
    /// Plan what is due as it is written, then put a schedule: a file is read again.
    Reread(Box<PutSchedule<Sim>>),
    /// Remove a schedule.
    Remove(u16),
    /// Pause a schedule.
    Pause(u16),
    /// Resume a schedule.
    Resume(Resume<Sim>, fire::Resume),
    /// Queue a job.
    Enqueue(Box<Enqueue<Sim>>),
    /// Cancel a job.
    Cancel(u64),
}

/// A schedule of this name; `now` by the clock of whoever writes it down.
pub(crate) fn put(chance: &mut Chance, swarm: &Swarm, id: u16, now: Timestamp) -> PutSchedule<Sim> {
    let words = &swarm.words;
    let trigger = trigger(chance, words, now);
    let task = u16::try_from(chance.index(usize::from(swarm.tasks))).unwrap_or(0);
    let source = u8::from(chance.odds(30));
    let mut spec = Spec::new(id, task, source, trigger, arguments(chance, words));
    spec.exclusions = freeze(chance, words, now);
    spec.policies = policies(chance, words);
    spec.settings = settings(chance, words);
    spec.tags = chance.maybe(words.tags, &[0, 1, 2, 3]);
    spec.paused = chance.odds(40);
    let conflict = chance.pick(&[Conflict::Replace; 8]);
    let conflict = if chance.odds(50) { Conflict::Keep } else { conflict };
    PutSchedule { next: first(&trigger, now), spec, conflict }
}

/// The cursor of a new schedule, as the runtime computes it.
pub(crate) fn first(form: &Form, now: Timestamp) -> Next {
    // A single instant that has just passed was meant to be seen.
    let from = if matches!(form, Form::At(_)) { Timestamp::MIN } else { now };
    // Whoever wrote what cannot be read here could read it.
    Timer::read(*form).map_or(Next::At(now), |timer| timer.next_after(from).into())
}

/// The same schedule with one thing changed.
pub(crate) fn edited(
    chance: &mut Chance,
    swarm: &Swarm,
    there: &Schedule<Sim>,
    now: Timestamp,
) -> PutSchedule<Sim> {
    let words = &swarm.words;
    let mut spec = there.spec.clone();
    match chance.index(8) {
        0 => spec.trigger = trigger(chance, words, now),
        1 => spec.exclusions = freeze(chance, words, now),
        2 => spec.paused = !spec.paused,
        3 => spec.settings = settings(chance, words),
        4 => spec.policies.limit = chance.maybe(500, &[1, 3, 10, 30]),
        5 => spec.policies.overlap = chance.pick(&Overlap::ALL),
        6 => spec.payload = arguments(chance, words),
        _ => spec.policies = policies(chance, words),
    }
    PutSchedule { next: first(&spec.trigger, now), spec, conflict: Conflict::Replace }
}

fn trigger(chance: &mut Chance, words: &Words, now: Timestamp) -> Form {
    if chance.odds(words.unreadable) {
        return Form::Unreadable;
    }
    if chance.odds(words.cron) {
        return Form::Cron(chance.index(CRONS.len()), chance.index(ZONES.len()));
    }
    let from = if words.dense { 1 } else { 4 };
    let secs = chance.pick(&[from, 5, 7, 10, 10, 20, 30, 60, 97]);
    let millis = chance.pick(&[0, 0, 0, 137]);
    let span = Span::from_secs(secs) + Span::from_millis(millis);
    let anchor = Timestamp::UNIX_EPOCH + chance.span(Span::ZERO, span);
    match chance.index(12) {
        0 => Form::At(now + chance.span(Span::from_secs(-20), Span::from_secs(60))),
        1 => {
            let start = now + chance.span(Span::from_secs(-30), Span::from_secs(60));
            Form::Bounded(span, start, start + Span::from_secs(secs * 6))
        }
        _ => Form::Every(span, anchor),
    }
}

fn arguments(chance: &mut Chance, words: &Words) -> Arguments {
    if chance.odds(words.undecodable) { Arguments::Unreadable } else { Arguments::None }
}

fn freeze(chance: &mut Chance, words: &Words, now: Timestamp) -> Option<Freeze> {
    if !chance.odds(words.freeze) {
        return None;
    }
    let every = Span::from_secs(chance.pick(&[20, 60, 100]));
    let length = chance.span(Span::from_secs(1), every - Span::from_secs(1));
    Some(if chance.odds(500) {
        let anchor = now + chance.span(Span::ZERO, every);
        Freeze::Windows { every, anchor, length }
    } else {
        let from = now + chance.span(Span::from_secs(-60), Span::from_secs(60));
        Freeze::Once(Stretch { from, until: from + length })
    })
}

fn policies(chance: &mut Chance, words: &Words) -> Policies {
    let secs = Span::from_secs;
    let overlaps = [Overlap::Skip, Overlap::Queue, Overlap::Cancel];
    let coalesces = [Coalesce::All, Coalesce::All, Coalesce::Earliest];
    let up_to = chance.pick(&[Span::from_millis(500), secs(3), secs(30)]);
    let spread = chance.pick(&Spread::ALL);
    Policies {
        coalesce: chance.maybe(words.coalesce, &coalesces).unwrap_or_default(),
        misfire_grace: chance.maybe(words.grace, &[Span::ZERO, secs(1), secs(10), secs(60)]),
        catch_up: chance.pick(&[1, 3, 20, 100]),
        jitter: chance.maybe(words.jitter, &[Jitter { up_to, spread }]),
        slack: chance.maybe(words.slack, &[secs(1), secs(5), secs(20)]).unwrap_or_default(),
        overlap: chance.maybe(words.overlap, &overlaps).unwrap_or_default(),
        limit: chance.maybe(words.limit, &[1, 2, 5, 20]),
        // Shorter ones would keep a small worker busy with the most urgent jobs for ever.
        after_run: chance.maybe(words.after_run, &[Span::from_millis(500), secs(1), secs(10)]),
        max_failures: chance.maybe(words.max_failures, &[1, 2, 4]),
    }
}

fn settings(chance: &mut Chance, words: &Words) -> Settings {
    let secs = Span::from_secs;
    let backoff = chance.pick(&[
        Backoff::Fixed(Span::ZERO),
        Backoff::Fixed(secs(3)),
        Backoff::Linear { first: secs(1), max: secs(5) },
        Backoff::Exponential { first: secs(1), max: secs(20) },
    ]);
    let retry = Retry { max: chance.pick(&[1, 2, 5]), backoff, jitter: chance.pick(&[0, 30, 100]) };
    Settings {
        priority: chance.maybe(300, &[Priority::FIRST, Priority::DEFAULT, Priority::LAST]),
        timeout: chance.maybe(words.timeout, &[secs(1), secs(8), secs(25)]).map(Timeout::after),
        retry: chance.maybe(words.retries, &[retry]),
        max_rescues: chance.maybe(200, &[0, 1, 5]),
    }
}

/// A task of this name, as it is now.
pub(crate) fn task(chance: &mut Chance, swarm: &Swarm, id: u16, version: u32) -> Task<Sim> {
    let max_running = chance.maybe(swarm.words.max_running, &[1, 1, 2, 5]);
    let settings = settings(chance, &swarm.words);
    let tags = chance.maybe(swarm.words.tags / 3, &[0, 1, 2]).unwrap_or(0);
    Task { max_running, settings, tags, version, ..Task::new(id) }
}

/// The request that resumes a schedule from one point or another, if it can be read.
pub(crate) fn resume(chance: &mut Chance, there: &Schedule<Sim>, now: Timestamp) -> Option<Act> {
    let point = if chance.odds(400) {
        fire::Resume::Owed
    } else {
        fire::Resume::At(now + chance.span(Span::from_secs(-20), Span::from_secs(20)))
    };
    let plan = plan(there.spec.trigger, there.spec.exclusions)?;
    let (next, skip) = fire::resumed(&plan, there.next, point, &there.spec.policies);
    let (schedule, revision) = (there.spec.id, there.revision);
    Some(Act::Resume(Resume { schedule, revision, next, skip }, point))
}

/// A job that somebody queues.
pub(crate) fn queue(
    chance: &mut Chance,
    swarm: &Swarm,
    number: u64,
    now: Timestamp,
) -> Enqueue<Sim> {
    let words = &swarm.words;
    let task = u16::try_from(chance.index(usize::from(swarm.tasks))).unwrap_or(0);
    let mut job = Enqueue::new(queued_job(number), task, arguments(chance, words));
    job.settings = settings(chance, words);
    job.tags = chance.maybe(words.tags, &[0, 1, 2, 3]);
    if chance.odds(words.deadlines) {
        job.ready_at = Some(now + chance.span(Span::from_secs(-5), Span::from_secs(40)));
    }
    if chance.odds(words.deadlines) {
        let from = job.ready_at.unwrap_or(now);
        job.start_by = Some(from + chance.span(Span::ZERO, Span::from_secs(30)));
    }
    if chance.odds(words.unique) {
        let least = Span::from_secs(chance.pick(&[5, 40]));
        let hold = chance.pick(&[Hold::Waiting, Hold::Live, Hold::AtLeast(least)]);
        let conflict = chance.pick(&[Conflict::Reject, Conflict::Keep, Conflict::Replace]);
        let key = u8::try_from(chance.index(2)).unwrap_or(0);
        job.unique = Some((Unique { key, hold }, conflict));
    }
    job
}

/// A run of a schedule that somebody asks for: now, or for an instant of the past.
pub(crate) fn extra(chance: &mut Chance, there: &Schedule<Sim>, now: Timestamp) -> Enqueue<Sim> {
    let spec = &there.spec;
    let back = now - chance.span(Span::ZERO, Span::from_mins(5));
    let past = Timer::read(spec.trigger).and_then(|timer| timer.next_after(back));
    let past = past.filter(|&at| at < now);
    let (at, origin) = match past.filter(|_| chance.odds(500)) {
        Some(at) => (at, Origin::Backfill),
        None => (now, Origin::Manual),
    };
    let mut job = Enqueue::new(Sim::fire_job(&spec.id, at, origin), spec.task, spec.payload);
    job.settings = spec.settings;
    job.tags = spec.tags;
    job.extra = Some(Extra { schedule: spec.id, at, origin });
    job
}
