//! What other tasks and interrupts ask of the pump, and how it answers.

use core::fmt;

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::{Channel, TrySendError};
use embassy_sync::signal::Signal;
use mainspring_core::domain::Domain;
use mainspring_core::fire;
use mainspring_core::schedule::Spec;
use mainspring_core::table::Full;
use mainspring_core::task::Task;
use mainspring_core::time::{Mono, Timestamp};
use mainspring_core::verb::{Cancelled, Enqueue, Enqueued, Paused, Put, Resumed};

use crate::clock::Clock;
use crate::wire::Order;

/// What can be asked of a running pump.
#[derive(Clone, Debug, PartialEq)]
pub enum Command<D: Domain> {
    /// Put a schedule, in place of one of this name.
    Put(D::Held<Spec<D>>),
    /// Say what all jobs of a task have in common, and how many may run at once.
    PutTask(Task<D>),
    /// Remove a schedule. Jobs of it that exist stay.
    Remove(D::ScheduleId),
    /// Let a schedule fire no more until it is resumed.
    Pause(D::ScheduleId),
    /// Let a schedule fire again, with what came due in the meantime or without.
    Resume(D::ScheduleId, fire::Resume),
    /// Run a schedule's task now, besides its fires.
    RunNow(D::ScheduleId),
    /// Queue a job without any schedule.
    Enqueue(Enqueue<D>),
    /// Cancel a job. One that runs is dropped.
    Cancel(D::JobId),
    /// It was this late when the board's timer showed that; see [`set_clock`](Self::set_clock).
    SetClock(Timestamp, Mono),
    /// Start nothing more; what runs may end, then the pump does.
    Stop,
    /// End the pump as soon as possible: what runs is dropped, and runs again after the next start
    /// if there is a journal.
    Abort,
}

impl<D: Domain> Command<D> {
    /// It is `now`: from an RTC, from SNTP, GNSS, a host or a person. It may be said again and
    /// again; each time makes up for what the crystal was wrong by.
    pub fn set_clock(now: Timestamp) -> Self {
        Self::SetClock(now, Clock::raw())
    }
}

/// What came over a wire. The clock is set by when this is called: read what comes in at once.
impl<D: Domain<Held<Spec<D>> = Spec<D>>> From<Order<D>> for Command<D> {
    fn from(order: Order<D>) -> Self {
        match order {
            Order::Put(spec) => Self::Put(spec),
            Order::PutTask(task) => Self::PutTask(task),
            Order::Remove(schedule) => Self::Remove(schedule),
            Order::Pause(schedule) => Self::Pause(schedule),
            Order::Resume(schedule, point) => Self::Resume(schedule, point),
            Order::RunNow(schedule) => Self::RunNow(schedule),
            Order::SetClock(now) => Self::set_clock(now),
        }
    }
}

/// What became of a [`Command`].
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<D: Domain> {
    /// It was done; there is nothing to say about it.
    Done,
    /// What became of a schedule that was put.
    Put(Put),
    /// Whether there was such a schedule to be removed.
    Removed(bool),
    /// What became of a pause.
    Paused(Paused),
    /// What became of its end.
    Resumed(Resumed),
    /// What became of a job, from [`Command::RunNow`] and [`Command::Enqueue`].
    Queued(D::JobId, Enqueued<D::JobId>),
    /// What became of a job that was to be cancelled.
    Cancelled(Cancelled),
    /// It was done, whatever it was, but the journal could not write it down: it holds until the
    /// power is lost, and nothing new starts until the journal can write again.
    Unwritten,
    /// The [offer](mainspring_core::offer::Offer) of this device's domain rules it out.
    NotOffered,
    /// There is no room in the ledger: here is what was to be put.
    Full(Command<D>),
}

/// Where an [`Answer`] is waited for: a static of whoever asks.
pub type Reply<D> = Signal<CriticalSectionRawMutex, Answer<D>>;

/// A command, and where its answer goes.
pub(crate) struct Request<D: Domain + Send> {
    pub(crate) command: Command<D>,
    pub(crate) reply: Option<&'static Reply<D>>,
}

/// Carries commands to the pump, up to `N` at a time. It is a static, and may be used from every
/// task and interrupt.
///
/// ```
/// use mainspring_embassy::command::{Command, Commands};
/// use mainspring_embassy::domain::Small;
/// use mainspring_embassy::name::Name;
/// static COMMANDS: Commands<Small, 1> = Commands::new();
/// assert!(COMMANDS.try_send(Command::RunNow(Name::of("lamp"))).is_ok());
/// let back = COMMANDS.try_send(Command::Stop).unwrap_err();
/// assert_eq!(back.0, Command::Stop); // full: it is handed back
/// ```
pub struct Commands<D: Domain + Send, const N: usize>(
    Channel<CriticalSectionRawMutex, Request<D>, N>,
);

impl<D: Domain + Send, const N: usize> Commands<D, N> {
    /// Nothing has been asked.
    pub const fn new() -> Self {
        Self(Channel::new())
    }

    /// Sends a command, also from an interrupt.
    ///
    /// # Errors
    /// [`Full`] with the command, if `N` are waiting.
    pub fn try_send(&self, command: Command<D>) -> Result<(), Full<Command<D>>> {
        let sent = self.0.try_send(Request { command, reply: None });
        sent.map_err(|TrySendError::Full(request)| Full(request.command))
    }

    /// Sends a command as soon as there is room.
    pub async fn send(&self, command: Command<D>) {
        self.0.send(Request { command, reply: None }).await;
    }

    /// Sends a command and waits for the answer, which comes when what was asked is as durable as
    /// the journal's options say, or [cannot be made so](Answer::Unwritten). A reply belongs to one
    /// asker at a time.
    pub async fn ask(&self, command: Command<D>, reply: &'static Reply<D>) -> Answer<D> {
        reply.reset();
        self.0.send(Request { command, reply: Some(reply) }).await;
        reply.wait().await
    }

    pub(crate) fn try_receive(&self) -> Option<Request<D>> {
        self.0.try_receive().ok()
    }

    /// Waits until there is something to receive.
    pub(crate) async fn ready(&self) {
        self.0.ready_to_receive().await;
    }
}

impl<D: Domain + Send, const N: usize> Default for Commands<D, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: Domain + Send, const N: usize> fmt::Debug for Commands<D, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commands").field("waiting", &self.0.len()).finish()
    }
}
