//! The pump: drives the engine by embassy's timer, runs tasks, and takes commands.
//!
//! It is one future. The tasks that it runs are part of it, so that nothing is allocated: there is
//! room for as many at once as the engine says.

use core::array::from_fn;
use core::pin::pin;

use embassy_futures::join::join_array;
use embassy_futures::select::{Either, select, select3};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Timer};
use heapless::Vec;
use mainspring_core::dice::Dice;
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
        // In place, so that nothing of it is moved over the stack.
        let places = pin!(join_array::<_, RUNS>(from_fn(|place| desk.work_at(place, tasks))));
        let turn = pin!(self.turn(&names, &desk));
        // What runs at the places never ends by itself.
        select(turn, places).await;
    }

    async fn turn(&mut self, tasks: &[D::TaskId], desk: &Desk<D, RUNS>) {
        let mut pending: Vec<Work<D>, RUNS> = Vec::new();
        let mut running: [Option<Started<D>>; RUNS] = [const { None }; RUNS];
        let mut failures: u32 = 0;
        loop {
            let mut answer: Option<(&'static Reply<D>, Answer<D>)> = None;
            if let Some(Request { command, reply }) = self.commands.try_receive() {
                let told = self.engine.tell(command, &mut self.history);
                answer = reply.map(|reply| (reply, told));
            }
            while let Ok((place, report)) = desk.ended.try_receive() {
                if let Some(started) = running[place].take() {
                    self.engine.ended(&started.run, started.at, report);
                }
            }
            let mut more = false;
            while !pending.is_full() {
                let Some(work) = self.engine.work(tasks, &mut self.history) else { break };
                more = pending.push(work).is_ok() && pending.is_full();
            }
            let recorded = self.journal.record(&self.engine.ledger, Clock::raw()).await.is_ok();
            failures = if recorded { 0 } else { failures.saturating_add(1) };
            if !recorded {
                log::unwritten(failures);
            }
            for work in &pending {
                match work {
                    // What cannot be written down does not start: its job goes back, so that its
                    // timeout does not run meanwhile.
                    Work::Start(run) if !recorded => self.engine.unstarted(run),
                    Work::Start(_) | Work::Drop(..) => self.begin(work, desk, &mut running),
                }
            }
            pending.clear();
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
            select3(self.commands.ready(), desk.ended.ready_to_receive(), until(deadline)).await;
        }
    }

    #[inline(never)]
    fn begin(
        &self,
        work: &Work<D>,
        desk: &Desk<D, RUNS>,
        running: &mut [Option<Started<D>>; RUNS],
    ) {
        match work {
            Work::Start(run) => {
                let free = running.iter_mut().zip(&desk.places).find(|(run, _)| run.is_none());
                // The engine starts no more than there are places.
                let Some((started, place)) = free else { return };
                place.drop.reset();
                place.start.signal(run.clone());
                *started = Some(Started { run: run.clone(), at: self.engine.clock().now().wall });
            }
            Work::Drop(job, token) => {
                let is_it = |started: &Started<D>| started.run.is(job, *token);
                for (started, place) in running.iter().zip(&desk.places) {
                    if started.as_ref().is_some_and(is_it) {
                        place.drop.signal(());
                    }
                }
            }
        }
    }

    /// When to go on if nothing happens, by the board's timer.
    fn deadline(&self) -> Option<Mono> {
        let deadlines = [self.engine.deadline(), self.journal.deadline()];
        deadlines.into_iter().flatten().min()
    }
}

/// What runs at a place.
#[derive(Debug)]
struct Started<D: Device> {
    run: Run<D>,
    at: Timestamp,
}

/// Where tasks run: places that jobs are put at, and the channel on which they come back.
struct Desk<D: Device, const RUNS: usize> {
    places: [Place<D>; RUNS],
    ended: Channel<NoopRawMutex, (usize, Option<Report>), RUNS>,
}

struct Place<D: Device> {
    start: Signal<NoopRawMutex, Run<D>>,
    drop: Signal<NoopRawMutex, ()>,
}

impl<D: Device, const RUNS: usize> Desk<D, RUNS> {
    fn new() -> Self {
        let place = |_| Place { start: Signal::new(), drop: Signal::new() };
        Self { places: from_fn(place), ended: Channel::new() }
    }

    /// Runs what is put at this place, one after the other.
    async fn work_at(&self, number: usize, tasks: &impl Tasks<D>) {
        let place = &self.places[number];
        loop {
            let run = place.start.wait().await;
            let report = match select(tasks.run(&run), place.drop.wait()).await {
                Either::First(report) => Some(report),
                Either::Second(()) => None,
            };
            self.ended.send((number, report)).await;
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
