//! The law that a domain which offers less does the same: schedules that ask only for what it
//! offers live the same life in it as where everything is offered.

use std::boxed::Box;

use mainspring_core::dice::Dice;
use mainspring_core::fire::{Resume, Skip};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::{Coalesce, Policies, Spec};
use mainspring_core::settings::{Backoff, Priority, Retry, Settings, Terms, Timeout};
use mainspring_core::task::Task;
use mainspring_core::time::{Mono, Span, Timestamp};
use mainspring_core::verb::{self, Enqueue};
use mainspring_embassy::clock::Clock;
use mainspring_embassy::command::{Answer, Command};
use mainspring_embassy::domain::{Device, Small};
use mainspring_embassy::engine::{Engine, Work};
use mainspring_embassy::fixed::{Fixed, InProgram};
use mainspring_embassy::journal::Restored;
use mainspring_embassy::name::{JobId, Name};
use mainspring_embassy::task::{Failure, Run};
use mainspring_embassy::timing::Fires;

use crate::rig::{BERLIN, advance, at, secs, timer};

type Lived<D> = Box<Engine<D, 6, 4, 16, 16, 3>>;

/// What differs between the two: how a record that a person wrote is kept.
trait Keeps: Device<ScheduleId = Name, TaskId = Name, JobId = JobId, Payload = u32> {
    fn spec(spec: &Said) -> Self::Held<Spec<Self>>;
    fn settings(terms: Terms) -> Self::Settings;
    fn engine() -> Lived<Self>;
}

impl Keeps for Small {
    fn engine() -> Lived<Self> {
        Box::new(Engine::EMPTY)
    }

    fn spec(said: &Said) -> Spec<Self> {
        Spec {
            policies: said.policies,
            settings: Self::settings(said.terms),
            ..Spec::new(SCHEDULES[said.schedule], said.task, 0, said.fires, said.payload)
        }
    }

    fn settings(terms: Terms) -> Settings {
        Settings {
            priority: Some(terms.priority),
            timeout: Some(terms.timeout),
            retry: Some(terms.retry),
            max_rescues: Some(terms.max_rescues),
        }
    }
}

impl Keeps for Fixed {
    fn engine() -> Lived<Self> {
        Box::new(Engine::EMPTY)
    }

    fn spec(said: &Said) -> InProgram<Spec<Self>> {
        InProgram(Box::leak(Box::new(Spec {
            policies: said.policies,
            settings: Self::settings(said.terms),
            payload: said.payload,
            ..Self::spec(SCHEDULES[said.schedule], said.task, said.fires)
        })))
    }

    fn settings(terms: Terms) -> Option<&'static Terms> {
        Some(Box::leak(Box::new(terms)))
    }
}

/// What a person says about a schedule.
#[derive(Clone, Copy, Debug)]
struct Said {
    schedule: usize,
    task: Name,
    fires: Fires,
    payload: u32,
    policies: Policies,
    terms: Terms,
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Put(Said),
    /// Not how many may run at once: nobody promises which of two fires of one instant comes first.
    Task(Name, Terms),
    Remove(usize),
    Pause(usize),
    Resume(usize),
    Enqueue {
        number: u32,
        task: Name,
        terms: Terms,
        after: Option<Span>,
        within: Option<Span>,
    },
    Cancel(u32),
    SetClock(Timestamp),
}

/// Seconds after the one before, and what somebody asks for then.
type Script = Vec<(u32, Ask)>;

/// A device, what runs on it and what it has done.
struct Life<D: Keeps> {
    engine: Lived<D>,
    running: Vec<(Mono, Run<D>, Timestamp)>,
    trace: Trace,
}

/// What happened, and when by the board's timer.
#[derive(Default)]
struct Trace(Vec<(Mono, String)>);

impl Trace {
    fn add(&mut self, what: String) {
        self.0.push((Clock::raw(), what));
    }
}

impl<D: Keeps> verb::History<D> for Trace {
    fn run(&mut self, run: verb::Run<D>) {
        let verb::Run { job, attempt, settled, fire_at, ended, .. } = run;
        self.add(format!("ended {job:?} {attempt} {settled} {fire_at:?} {ended:?}"));
    }
    /// Only one of the two tells.
    fn skip(&mut self, _: &Name, _: Skip) {}
    fn is_settled(&self, _: &JobId) -> bool {
        false
    }
    fn ended(&self, _: &JobId, _: Token) -> Option<(Outcome, bool)> {
        None
    }
}

impl<D: Keeps> Life<D> {
    fn begin() -> Self {
        let mut engine = D::engine();
        let mut trace = Trace::default();
        engine.begin(&Restored::NOTHING, &mut trace);
        Self { engine, running: Vec::new(), trace }
    }

    fn ask(&mut self, ask: &Ask) {
        let wall = self.engine.clock().now().wall;
        let command = match *ask {
            Ask::Put(said) => Command::Put(D::spec(&said)),
            Ask::Task(task, terms) => {
                Command::PutTask(Task { settings: D::settings(terms), ..Task::new(task) })
            }
            Ask::Remove(schedule) => Command::Remove(SCHEDULES[schedule]),
            Ask::Pause(schedule) => Command::Pause(SCHEDULES[schedule]),
            Ask::Resume(schedule) => Command::Resume(SCHEDULES[schedule], Resume::Owed),
            Ask::Enqueue { number, task, terms, after, within } => Command::Enqueue(Enqueue {
                settings: D::settings(terms),
                ready_at: after.map(|after| wall + after),
                start_by: within.map(|within| wall + within),
                ..Enqueue::new(JobId::queued(task, number), task, number)
            }),
            Ask::Cancel(number) => Command::Cancel(JobId::queued(TASKS[0], number)),
            Ask::SetClock(wall) => Command::SetClock(wall, Clock::raw()),
        };
        let answer = match self.engine.tell(command, &mut self.trace) {
            Answer::Full(_) => "full".to_owned(),
            answer => format!("{answer:?}"),
        };
        self.trace.add(answer);
    }

    /// Everything that is to be done now.
    fn work(&mut self) {
        let now = Clock::raw();
        loop {
            let over = self.running.iter().position(|(until, ..)| *until <= now);
            if let Some((_, run, started)) = over.map(|over| self.running.remove(over)) {
                self.engine.ended(&run, started, Some(report(&run)));
            }
            match self.engine.work(&TASKS, &mut self.trace) {
                Some(Work::Start(run)) => {
                    let Run { job, task, schedule, fire_at, payload, attempt, .. } = &run;
                    self.trace.add(format!(
                        "{task} {job:?} {schedule:?} {fire_at:?} {payload} {attempt}"
                    ));
                    let takes = secs(i64::from(*payload % 40));
                    let wall = self.engine.clock().now().wall;
                    self.running.push((now + takes, run, wall));
                }
                Some(Work::Drop(job, token)) => {
                    self.trace.add(format!("drop {job:?} {token}"));
                    let is_it = |(_, run, _): &(Mono, Run<D>, Timestamp)| run.job == job;
                    if let Some(dropped) = self.running.iter().position(is_it) {
                        let (_, run, started) = self.running.remove(dropped);
                        self.engine.ended(&run, started, None);
                    }
                }
                None if over.is_none() => return,
                None => {}
            }
        }
    }

    /// Sleeps and works until so much time has passed.
    fn pass(&mut self, span: Span) {
        let end = Clock::raw() + span;
        loop {
            self.work();
            let ends = self.running.iter().map(|(until, ..)| *until).min();
            let wakes = [ends, self.engine.deadline()].into_iter().flatten().min();
            let next = wakes.unwrap_or(end).min(end);
            if next > Clock::raw() {
                advance(next.since(Clock::raw()));
            } else if Clock::raw() >= end {
                return;
            } else {
                panic!("the device does not sleep");
            }
        }
    }

    fn live(mut self, script: &Script) -> Vec<(Mono, String)> {
        for (after, ask) in script {
            self.pass(secs(i64::from(*after)));
            self.ask(ask);
            self.work();
        }
        self.pass(Span::from_hours(2));
        let Trace(mut trace) = self.trace;
        for (schedule, _) in self.engine.ledger().schedules() {
            let (next, revision) = (schedule.cursor(), schedule.revision);
            let name = schedule.spec().id;
            trace.push((Clock::raw(), format!("{name} {next:?} {revision}")));
        }
        // What happens in the same moment may happen in any order.
        trace.sort();
        trace
    }
}

/// How a run ends is part of the script.
fn report<D: Keeps>(run: &Run<D>) -> Result<(), Failure> {
    match run.payload % 5 {
        0 if run.attempt < 3 => Err(Failure::Failed(7)),
        1 if run.attempt < 2 => Err(Failure::RetryAfter(secs(9), 8)),
        2 if run.attempt < 2 => Err(Failure::GiveUp(9)),
        _ => Ok(()),
    }
}

fn roll(dice: &mut Dice, below: u32) -> u32 {
    u32::try_from(dice.roll() >> 8 & 0xff_ffff).unwrap_or(0) % below
}

fn said(dice: &mut Dice) -> Said {
    let fires = match roll(dice, 6) {
        0 => Fires::cron("*/7 * * * *", "UTC0"),
        1 => Fires::cron("30 1-3 * * *", BERLIN),
        2 => Fires::cron("0 0 29 2 *", BERLIN),
        _ => Fires::every_secs(30 + roll(dice, 300)),
    };
    let misfire_grace = match roll(dice, 3) {
        0 => Some(secs(i64::from(roll(dice, 90)))),
        _ => None,
    };
    let coalesce = if roll(dice, 2) == 0 { Coalesce::Latest } else { Coalesce::Earliest };
    Said {
        schedule: roll(dice, 6) as usize,
        task: TASKS[roll(dice, 2) as usize],
        fires,
        payload: roll(dice, 1_000),
        policies: Policies { misfire_grace, coalesce, ..Policies::DEFAULT },
        terms: terms(dice),
    }
}

fn terms(dice: &mut Dice) -> Terms {
    let max = u16::try_from(roll(dice, 3)).unwrap_or(0);
    let backoff = Backoff::Fixed(secs(i64::from(roll(dice, 50))));
    let timeout = match roll(dice, 3) {
        0 => Timeout::after(secs(i64::from(1 + roll(dice, 40)))),
        _ => Timeout::Never,
    };
    let priority = Priority::new(u8::try_from(roll(dice, 10)).unwrap_or(0));
    let retry = Retry { max, backoff, jitter: 0 };
    Terms { priority: priority.unwrap_or_default(), timeout, retry, max_rescues: 2 }
}

fn script(seed: u64) -> Script {
    let dice = &mut Dice::seeded(seed);
    let mut wall = at("2026-10-24T20:00:00Z");
    let steps = (0..60).map(|step| {
        let after = if roll(dice, 8) == 0 { roll(dice, 9_000) } else { roll(dice, 120) };
        wall = wall + secs(i64::from(after));
        let ask = match roll(dice, 12) {
            _ if step == 5 => Ask::SetClock(wall),
            0..=3 => Ask::Put(said(dice)),
            4 => Ask::Task(TASKS[roll(dice, 2) as usize], terms(dice)),
            5 => Ask::Remove(roll(dice, 6) as usize),
            6 => Ask::Pause(roll(dice, 6) as usize),
            7 => Ask::Resume(roll(dice, 6) as usize),
            8 | 9 => Ask::Enqueue {
                number: roll(dice, 50),
                task: TASKS[0],
                terms: terms(dice),
                after: (roll(dice, 2) == 0).then(|| secs(i64::from(roll(dice, 100)))),
                within: (roll(dice, 2) == 0).then(|| secs(i64::from(roll(dice, 200)))),
            },
            10 => Ask::Cancel(roll(dice, 50)),
            _ => {
                // From a second to two hours, to either side.
                let off = secs(i64::from(roll(dice, 14_400)) - 7_200);
                Ask::SetClock(wall + off)
            }
        };
        (after, ask)
    });
    steps.collect()
}

fn lived<D: Keeps>(script: &Script) -> Vec<(Mono, String)> {
    let _timer = timer();
    Life::<D>::begin().live(script)
}

#[test]
fn what_a_domain_rules_out_makes_no_difference_to_who_does_not_ask_for_it() {
    let mut lines = 0;
    for seed in 0..60 {
        let script = script(seed);
        let (full, restricted) = (lived::<Small>(&script), lived::<Fixed>(&script));
        let differs = full.iter().zip(&restricted).position(|(a, b)| a != b);
        let from = differs.unwrap_or_else(|| full.len().min(restricted.len())).saturating_sub(6);
        let near = |lines: &[(Mono, String)]| lines.iter().skip(from).take(12).cloned().collect();
        let (left, right): (Vec<_>, Vec<_>) = (near(&full), near(&restricted));
        assert_eq!(left, right, "seed {seed}");
        assert_eq!(full.len(), restricted.len(), "seed {seed}");
        lines += full.len();
    }
    assert!(lines > 6_000, "only {lines} things happened");
}

const TASKS: [Name; 2] = [Name::of("water"), Name::of("lamp")];

const SCHEDULES: [Name; 6] = [
    Name::of("one"),
    Name::of("two"),
    Name::of("three"),
    Name::of("four"),
    Name::of("five"),
    Name::of("six"),
];
