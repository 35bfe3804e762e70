//! A place of a pool: one process, and the async task that looks after it.

use core::future::pending;
use core::time::Duration;
use std::io;

use mainspring_core::outcome::Outcome;
use tokio::sync::mpsc;

use super::{Assignment, Pool};
use crate::clock;
use crate::context::Context;
use crate::process::capture::Capture;
use crate::process::command::Invocation;
use crate::process::guard::link::{self, Link};
use crate::process::guard::wire::{self, Receiver, Sender};
use crate::process::worker::{Answer, Request};
use crate::task::RunEnd;

/// A new place, and where to send it work.
pub(super) fn start(pool: &Pool) -> mpsc::Sender<Assignment> {
    let (sender, assignments) = mpsc::channel(1);
    let number = pool.shared.number();
    let place = Place { pool: pool.clone(), number, assignments, sender: sender.clone() };
    tokio::spawn(place.serve());
    sender
}

struct Place {
    pool: Pool,
    number: u64,
    assignments: mpsc::Receiver<Assignment>,
    /// What the pool has while nothing is to be done here.
    sender: mpsc::Sender<Assignment>,
}

impl Place {
    /// Looks after one process after the other, until none has been wanted for a while.
    async fn serve(mut self) {
        let mut next = self.assignments.recv().await;
        let mut process = None;
        while let Some(assignment) = next {
            let Assignment { portion, run, end: mut wanted, permit } = assignment;
            let request = Request::Run {
                function: portion.function,
                payload: (&portion.payload).into(),
                about: (&run).into(),
            };
            let begun = match process.take() {
                Some(process) => Ok(process),
                None => Process::start(&self.pool),
            };
            let end = match begun {
                Err(error) => failed(format!("no process could be started: {error}")),
                Ok(begun) => {
                    let unwanted = wanted.closed();
                    let (end, left) = begun.run(request, &run, self.pool.grace, unwanted).await;
                    process = left;
                    end
                }
            };
            // Whoever wanted it may have gone.
            let _ = wanted.send(end);
            let worn = |process: &Process| {
                self.pool.recycle_after.is_some_and(|most| process.runs >= most)
            };
            if let Some(worn) = process.take_if(|process| worn(process)) {
                worn.kill().await;
            }
            self.pool.shared.rest(self.number, self.sender.clone());
            drop(permit);
            next = self.rest(&mut process).await;
        }
        if let Some(process) = process {
            process.kill().await;
        }
    }

    /// Waits for the next assignment; `None` if there will be none.
    async fn rest(&mut self, process: &mut Option<Process>) -> Option<Assignment> {
        let ended = async {
            if let Some(process) = process {
                process.ended().await;
            }
        };
        let idle = async {
            tokio::select! {
                () = ended => true,
                () = clock::wait_for(KEEP_IDLE) => false,
            }
        };
        let gone = tokio::select! {
            biased;
            next = self.assignments.recv() => return next,
            gone = idle => gone,
        };
        if gone {
            *process = None;
        }
        if self.pool.shared.withdraw(self.number) { None } else { self.assignments.recv().await }
    }
}

/// A process that runs functions.
struct Process {
    link: Link,
    requests: Sender,
    answers: Receiver,
    output: Capture,
    /// How many runs it has begun.
    runs: u32,
    /// Whether its guard was told what to start.
    begun: bool,
}

impl Process {
    fn start(pool: &Pool) -> io::Result<Self> {
        let (ours, theirs) = link::socket_pair()?;
        let (output, output_end) = io::pipe()?;
        let output = Capture::new("function", output, KEEP_OUTPUT)?;
        let link = Link::start(&pool.program, None, [theirs, output_end.into()])?;
        let (answers, requests) = wire::split(ours);
        Ok(Self { link, requests, answers, output, runs: 0, begun: false })
    }

    /// Runs one function, and gives the process back if it can run another.
    async fn run(
        mut self,
        request: Request,
        run: &Context,
        grace: Duration,
        unwanted: impl Future<Output = ()>,
    ) -> (RunEnd, Option<Self>) {
        self.runs += 1;
        self.output.forget();
        let Self { link, requests, answers, output, begun, .. } = &mut self;
        let over = async {
            if !*begun {
                link.begin(&Invocation::WORKER).await?;
                *begun = true;
            }
            link.over().await
        };
        let too_long = async {
            // What cannot be sent is for nobody: its end is told by the guard.
            let _ = requests.send(&request).await;
            run.cancelled().await;
            let why = run.why_cancelled().unwrap_or(Outcome::Interrupted);
            let _ = requests.send(&Request::Stop(why.code())).await;
            clock::wait_for(grace).await;
            why
        };
        let answer = async {
            match answers.next::<Answer>().await {
                Ok(Some(answer)) => RunEnd::from(answer),
                Ok(None) | Err(_) => pending().await,
            }
        };
        let stopped = tokio::select! {
            biased;
            end = answer => return (end, Some(self)),
            why = too_long => Some(why),
            () = unwanted => Some(Outcome::LeaseLost),
            over = over => match over {
                Ok(()) => None,
                Err(error) => return (failed(error.to_string()), None),
            },
            never = output.pump() => match never {},
        };
        if let Some(why) = stopped {
            self.kill().await;
            let error = format!("its process was killed, as it did not stop by itself: {why}");
            return (RunEnd::failure(why, error), None);
        }
        // It may have answered just before it ended; nobody is left who could add to that.
        match self.answers.next::<Answer>().await {
            Ok(Some(answer)) => (answer.into(), None),
            Ok(None) | Err(_) => (self.crashed().await, None),
        }
    }

    /// Waits for the end of the process while it has nothing to do.
    async fn ended(&mut self) {
        tokio::select! {
            // Whatever is said now makes it useless.
            _ = self.link.over() => {}
            _ = self.answers.next::<Answer>() => {}
            never = self.output.pump() => match never {},
        }
    }

    /// Ends the process, and waits until it has gone with all that it started.
    async fn kill(self) {
        let Self { mut link, mut output, .. } = self;
        let gone = async {
            link.kill().await;
            let _ = link.over().await;
            link.exit().await
        };
        tokio::select! {
            // A process that could not be started is gone, too.
            _ = gone => {}
            never = output.pump() => match never {},
        }
    }

    /// How a run ended whose process has.
    async fn crashed(self) -> RunEnd {
        let Self { link, output, .. } = self;
        match link.exit().await {
            Err(error) => failed(format!("no process could be started: {error}")),
            Ok(exit) => match output.finish().last_line() {
                Some(line) => failed(format!("its process: {exit}: {line}")),
                None => failed(format!("its process: {exit}")),
            },
        }
    }
}

fn failed(error: String) -> RunEnd {
    RunEnd::failure(Outcome::Failed, error)
}

/// How long a process stays without work.
const KEEP_IDLE: Duration = Duration::from_secs(60);

/// How much of what a run prints is looked through for its last line, if its process crashes.
const KEEP_OUTPUT: usize = 4 * 1024;
