//! What the tests share: the timer, and a device without a pump, whose tasks succeed at once unless
//! told otherwise.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use embassy_time::{Duration, MockDriver};
use mainspring_core::fire::Skip;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::{Policies, Spec};
use mainspring_core::settings::{Retry, Settings};
use mainspring_core::time::{Mono, Span, Timestamp};
use mainspring_core::verb;
use mainspring_embassy::clock::Clock;
use mainspring_embassy::command::{Answer, Command};
use mainspring_embassy::domain::Small;
use mainspring_embassy::engine::{self, Work};
use mainspring_embassy::journal::Restored;
use mainspring_embassy::name::{JobId, Name};
use mainspring_embassy::task::{Failure, Report};
use mainspring_embassy::timing::Fires;

pub(crate) type Engine = engine::Engine<Small, 4, 2, 4, 2, 4>;

pub(crate) const TASK: Name = Name::of("task");
pub(crate) const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// The timer belongs to one test at a time.
static TIMER: Mutex<()> = Mutex::new(());

/// Takes the timer, which starts anew.
pub(crate) fn timer() -> MutexGuard<'static, ()> {
    let guard = TIMER.lock().unwrap_or_else(PoisonError::into_inner);
    MockDriver::get().reset();
    guard
}

pub(crate) fn advance(span: Span) {
    MockDriver::get()
        .advance(Duration::from_micros(span.as_micros().try_into().expect("a positive span")));
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Polls a future for so long, second by second; says whether it has ended.
pub(crate) fn run_for<F: Future>(mut future: Pin<&mut F>, span: i64) -> Option<F::Output> {
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&flag));
    let mut context = Context::from_waker(&waker);
    for second in 0..=span {
        if second > 0 {
            advance(secs(1));
        }
        while flag.0.swap(false, Ordering::SeqCst) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return Some(output);
            }
        }
    }
    None
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn secs(secs: i64) -> Span {
    Span::from_secs(secs)
}

pub(crate) fn spec(name: &str, fires: Fires) -> Spec<Small> {
    Spec::new(Name::of(name), TASK, 0, fires, 0)
}

pub(crate) fn with(spec: Spec<Small>, policies: Policies) -> Spec<Small> {
    Spec { policies, ..spec }
}

pub(crate) fn with_retries(spec: Spec<Small>, retry: Retry) -> Spec<Small> {
    Spec { settings: Settings { retry: Some(retry), ..Settings::NONE }, ..spec }
}

/// What a device did: seconds since it was switched on, and what.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) runs: Vec<(Outcome, bool)>,
    pub(crate) skips: Vec<Skip>,
}

impl verb::History<Small> for History {
    fn run(&mut self, run: verb::Run<Small>) {
        self.runs.push((run.ended.outcome, run.settled));
    }
    fn skip(&mut self, _: &Name, skip: Skip) {
        self.skips.push(skip);
    }
    fn is_settled(&self, _: &JobId) -> bool {
        false
    }
    fn ended(&self, _: &JobId, _: Token) -> Option<(Outcome, bool)> {
        None
    }
}

/// A device whose tasks end as soon as they begin.
pub(crate) struct Bench {
    pub(crate) engine: Box<Engine>,
    pub(crate) history: History,
    /// How the next runs end; success if nothing is said.
    pub(crate) reports: Vec<Report>,
    /// Each start: which schedule, when by the timer, and for which instant.
    pub(crate) starts: Vec<(Name, i64, Option<Timestamp>)>,
    /// How often the device woke up.
    pub(crate) wakes: u32,
    _timer: MutexGuard<'static, ()>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let timer = timer();
        let mut engine = Box::new(Engine::EMPTY);
        let mut history = History::default();
        engine.begin(&Restored::NOTHING, &mut history);
        let (reports, starts) = (Vec::new(), Vec::new());
        Self { engine, history, reports, starts, wakes: 0, _timer: timer }
    }

    pub(crate) fn tell(&mut self, command: Command<Small>) -> Answer<Small> {
        self.engine.tell(command, &mut self.history)
    }

    pub(crate) fn put(&mut self, spec: Spec<Small>) {
        let told = self.tell(Command::Put(spec));
        assert!(matches!(told, Answer::Put(_)), "{told:?}");
    }

    pub(crate) fn set_clock(&mut self, text: &str) {
        assert_eq!(self.tell(Command::set_clock(at(text))), Answer::Done);
    }

    /// Does what is to be done now.
    pub(crate) fn settle(&mut self) {
        while let Some(work) = self.engine.work(&[TASK], &mut self.history) {
            let Work::Start(run) = work else { panic!("nothing runs long enough") };
            let started = self.engine.clock().now().wall;
            let schedule = run.schedule.unwrap_or(TASK);
            self.starts.push((schedule, Clock::raw().as_micros() / 1_000_000, run.fire_at));
            let report = if self.reports.is_empty() { Ok(()) } else { self.reports.remove(0) };
            self.engine.ended(&run, started, Some(report));
        }
    }

    /// Lets so much time pass, from deadline to deadline.
    pub(crate) fn pass(&mut self, span: Span) {
        let until = Clock::raw() + span;
        loop {
            self.settle();
            let next = self.engine.deadline().map_or(until, |at| at.min(until));
            if Clock::raw() >= until {
                break;
            }
            self.wakes += u32::from(next < until);
            advance(next.since(Clock::raw()));
        }
    }

    /// When this schedule started, in seconds since power-on.
    pub(crate) fn started(&self, name: &str) -> Vec<i64> {
        let name = Name::of(name);
        self.starts.iter().filter(|start| start.0 == name).map(|start| start.1).collect()
    }

    /// For which instants this schedule started.
    pub(crate) fn fires(&self, name: &str) -> Vec<String> {
        let name = Name::of(name);
        let starts = self.starts.iter().filter(|start| start.0 == name);
        starts.filter_map(|start| start.2).map(|at| at.to_string()).collect()
    }
}

/// A failure with a number.
pub(crate) const FAILED: Report = Err(Failure::Failed(1));

pub(crate) fn timer_secs() -> u64 {
    Clock::raw().as_micros().unsigned_abs() / 1_000_000
}

pub(crate) fn mono(secs: i64) -> Mono {
    Mono::ZERO + Span::from_secs(secs)
}
