//! The pump: drives the engine by embassy's timer, runs tasks, and takes commands.
//!
//! It is one future. The tasks that it runs are part of it, so that nothing is allocated: there is
//! room for as many at once as the engine says.

use core::array::from_fn;
use core::cell::{Cell, RefCell};
use core::pin::pin;

use embassy_futures::join::join_array;
use embassy_futures::select::{Either, select, select3};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Timer};
use heapless::Vec;
use mainspring_core::dice::Dice;
use mainspring_core::id::Token;
use mainspring_core::room::Inline;
use mainspring_core::time::{Mono, Span, Timestamp};
use mainspring_core::verb::History;

use crate::clock::Clock;
use crate::command::{Answer, Command, Commands, Reply, Request};
use crate::domain::Device;
use crate::engine::{Engine, Work};
use crate::journal::{Journal, Restored};
use crate::log;
use crate::task::{Report, Run, Tasks};

/// Drives an engine.
///
/// `history` hears of every attempt that ends and of every fire that does not become a job; `()`
/// listens to nothing.
#[derive(Debug)]
pub struct Pump<
    'p,
    D: Device + Send,
    L,
    H,
    const SCHEDULES: usize,
    const TASKS: usize,
    const JOBS: usize,
    const RUNS: usize,
    const AHEAD: usize,
    const COMMANDS: usize,
> {
    engine: &'p mut Engine<D, SCHEDULES, TASKS, JOBS, RUNS, AHEAD>,
    commands: &'p Commands<D, COMMANDS>,
    journal: L,
    history: H,
}

impl<
    'p,
    D: Device + Send,
    L: Journal<D, Inline<SCHEDULES>, Inline<TASKS>, Inline<JOBS>, Inline<0>>,
    H: History<D>,
    const SCHEDULES: usize,
    const TASKS: usize,
    const JOBS: usize,
    const RUNS: usize,
    const AHEAD: usize,
    const COMMANDS: usize,
> Pump<'p, D, L, H, SCHEDULES, TASKS, JOBS, RUNS, AHEAD, COMMANDS>
{
    /// A pump for an engine in which nothing has happened yet: what the journal has kept over a
    /// loss of power is put back.
    ///
    /// # Errors
    /// If the memory of the journal does not answer.
    pub async fn start(
        engine: &'p mut Engine<D, SCHEDULES, TASKS, JOBS, RUNS, AHEAD>,
        commands: &'p Commands<D, COMMANDS>,
        mut journal: L,
        mut history: H,
    ) -> Result<(Self, Restored), L::Error> {
        let restored = journal.restore(&mut engine.ledger).await?;
        log::restored(&restored);
        engine.begin(&restored, &mut history);
        Ok((Self { engine, commands, journal, history }, restored))
    }

    /// Rolls these dice where jitter asks for chance. Without, every device draws the same delays.
    pub fn dice(&mut self, dice: Dice) {
        self.engine.dice(dice);
    }

    /// Does at once what a command says, such as putting the schedules that the program brings
    /// along.
    pub fn tell(&mut self, command: Command<D>) -> Answer<D> {
        self.engine.tell(command, &mut self.history)
    }

    /// The engine, to look at.
    pub fn engine(&self) -> &Engine<D, SCHEDULES, TASKS, JOBS, RUNS, AHEAD> {
        self.engine
    }

    /// Runs until it is told to [stop](Command::Stop), and forever if it is not. If the future is
    /// dropped, that is as if the power had gone.
    ///
    /// # Panics
    /// If there are more tasks than the engine has room for.
    pub async fn run(&mut self, tasks: &impl Tasks<D>) {
        let mut names: Vec<D::TaskId, TASKS> = Vec::new();
        tasks.names(&mut |name| {
            let named = names.push(name.clone());
            assert!(named.is_ok(), "more tasks than the engine has room for");
        });
        let desk: Desk<D, RUNS> = Desk::new();
        let places = pin!(desk.work(tasks));
        let turn = pin!(self.turn(&names, &desk));
        // What runs at the places never ends by itself.
        select(turn, places).await;
    }

    async fn turn(&mut self, tasks: &[D::TaskId], desk: &Desk<D, RUNS>) {
        let mut failures: u32 = 0;
        loop {
            let answer = self.heed();
            self.clear(desk);
            let more = self.fill(desk, tasks);
            let recorded = self.journal.record(&self.engine.ledger, Clock::raw()).await.is_ok();
            failures = if recorded { 0 } else { failures.saturating_add(1) };
            if !recorded {
                log::unwritten(failures);
            }
            self.begin(desk, recorded);
            if let Some((reply, answer)) = answer {
                // A way out of what keeps the journal from writing may be yet another command, so
                // nobody is kept waiting.
                reply.signal(if recorded { answer } else { Answer::Unwritten });
            }
            if recorded && self.engine.is_over() {
                // It was recorded; what is due later is written now.
                let _ = self.journal.flush(&self.engine.ledger).await;
                log::stopped();
                return;
            }
            if recorded && more {
                continue;
            }
            let deadline = if recorded { self.deadline() } else { Some(again(failures)) };
            select3(self.commands.ready(), desk.ended.wait(), until(deadline)).await;
        }
    }

    /// Does what a command says: its answer, and who waits for it.
    #[inline(never)]
    fn heed(&mut self) -> Option<(&'static Reply<D>, Answer<D>)> {
        let Request { command, reply } = self.commands.try_receive()?;
        let answer = self.engine.tell(command, &mut self.history);
        reply.map(|reply| (reply, answer))
    }

    /// Gives places to what is to start, and drops what is to be dropped; whether there may be more
    /// of it.
    #[inline(never)]
    fn fill(&mut self, desk: &Desk<D, RUNS>, tasks: &[D::TaskId]) -> bool {
        for _ in 0..RUNS {
            match self.engine.work(tasks, &mut self.history) {
                None => return false,
                Some(Work::Start(run)) => desk.take_place(run),
                Some(Work::Drop(job, token)) => desk.drop(&job, token),
            }
        }
        true
    }

    /// Tells the engine what has ended, and makes its place free.
    #[inline(never)]
    fn clear(&mut self, desk: &Desk<D, RUNS>) {
        for place in &desk.places {
            let Some(report) = place.report.take() else { continue };
            if let Some(Taken { run, begun }) = place.leave() {
                let at = begun.unwrap_or_else(|| self.engine.clock().now().wall);
                self.engine.ended(&run, at, report);
            }
        }
    }

    /// Starts what has a place and was written down. What cannot be written down does not start:
    /// its job goes back, so that its timeout does not run meanwhile.
    #[inline(never)]
    fn begin(&mut self, desk: &Desk<D, RUNS>, recorded: bool) {
        let now = self.engine.clock().now().wall;
        for place in desk.places.iter().filter(|place| place.begin(now)) {
            if recorded {
                place.start.signal(());
            } else if let Some(Taken { run, .. }) = place.leave() {
                self.engine.unstarted(&run);
            }
        }
    }

    /// When to go on if nothing happens, by the board's timer.
    fn deadline(&self) -> Option<Mono> {
        let deadlines = [self.engine.deadline(), self.journal.deadline()];
        deadlines.into_iter().flatten().min()
    }
}

/// Where tasks run: a place for each that may run at once.
struct Desk<D: Device, const RUNS: usize> {
    places: [Place<D>; RUNS],
    /// Something has ended: its place has a report.
    ended: Signal<NoopRawMutex, ()>,
}

/// A place where one job after the other runs.
struct Place<D: Device> {
    /// Whoever has it. While the job runs it is lent to its task.
    taken: RefCell<Option<Taken<D>>>,
    start: Signal<NoopRawMutex, ()>,
    drop: Signal<NoopRawMutex, ()>,
    /// How the run ended, or `None` if it was dropped.
    report: Cell<Option<Option<Report>>>,
}

/// A job that has a place.
#[derive(Debug)]
struct Taken<D: Device> {
    run: Run<D>,
    /// When it began, if it has.
    begun: Option<Timestamp>,
}

impl<D: Device> Place<D> {
    fn new() -> Self {
        let (start, drop) = (Signal::new(), Signal::new());
        Self { taken: RefCell::new(None), start, drop, report: Cell::new(None) }
    }

    /// Lets a job have it, if it is free; otherwise hands the job back.
    fn take(&self, run: Run<D>) -> Option<Run<D>> {
        match self.taken.try_borrow_mut() {
            Ok(mut taken) if taken.is_none() => {
                self.drop.reset();
                *taken = Some(Taken { run, begun: None });
                None
            }
            _ => Some(run),
        }
    }

    /// Makes it free; whoever had it.
    fn leave(&self) -> Option<Taken<D>> {
        self.taken.try_borrow_mut().ok()?.take()
    }

    /// Whether there is a job that begins `now`.
    fn begin(&self, now: Timestamp) -> bool {
        match self.taken.try_borrow_mut().as_deref_mut() {
            Ok(Some(Taken { begun: begun @ None, .. })) => {
                *begun = Some(now);
                true
            }
            _ => false,
        }
    }

    /// Runs the job that has it. Nobody takes it away before there is a report.
    #[expect(clippy::await_holding_refcell_ref, reason = "who finds it lent leaves it alone")]
    async fn run(&self, tasks: &impl Tasks<D>) -> Option<Report> {
        let taken = self.taken.try_borrow().ok()?;
        let run = &taken.as_ref()?.run;
        match select(tasks.run(run), self.drop.wait()).await {
            Either::First(report) => Some(report),
            Either::Second(()) => None,
        }
    }
}

impl<D: Device, const RUNS: usize> Desk<D, RUNS> {
    #[inline(never)]
    fn new() -> Self {
        Self { places: from_fn(|_| Place::new()), ended: Signal::new() }
    }

    /// Finds a place for a job.
    #[inline(never)]
    fn take_place(&self, run: Run<D>) {
        let mut run = Some(run);
        for place in &self.places {
            run = run.and_then(|run| place.take(run));
        }
        debug_assert!(run.is_none(), "the engine starts no more than there are places");
    }

    /// Drops what runs.
    #[inline(never)]
    fn drop(&self, job: &D::JobId, token: Token) {
        for place in &self.places {
            let taken = place.taken.try_borrow();
            if taken.is_ok_and(|taken| taken.as_ref().is_some_and(|it| it.run.is(job, token))) {
                place.drop.signal(());
            }
        }
    }

    /// Runs what has places. Made apart, so that the deepest stack is not that of its beginning.
    #[inline(never)]
    fn work<'d>(&'d self, tasks: &'d impl Tasks<D>) -> impl Future {
        join_array(self.places.each_ref().map(|place| self.work_at(place, tasks)))
    }

    /// Runs what has this place, one after the other.
    async fn work_at(&self, place: &Place<D>, tasks: &impl Tasks<D>) {
        loop {
            place.start.wait().await;
            let report = place.run(tasks).await;
            place.report.set(Some(report));
            self.ended.signal(());
        }
    }
}

async fn until(deadline: Option<Mono>) {
    let Some(at) = deadline else { return core::future::pending().await };
    // Before the start of the timer there is nothing to wait for.
    let micros = at.as_micros().try_into().unwrap_or(0);
    let mut instant = Instant::from_micros(micros);
    // A timer with longer ticks would come to it a little too soon, and so twice.
    if instant.as_micros() < micros {
        instant += Duration::from_ticks(1);
    }
    Timer::at(instant).await;
}

/// When to try once more to write what could not be written.
fn again(failures: u32) -> Mono {
    Clock::raw() + Span::from_secs(i64::from(failures.min(60)))
}
