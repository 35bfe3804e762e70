//! Machine 2: jobs in, outcomes out.
//!
//! The worker holds a bounded window of claimed jobs. It says when to run and when to abort each,
//! keeps its lease alive, judges how it ended and asks the store to write that down. Like the
//! planner it owns no clock and does no I/O: [`handle`](Worker::handle), then
//! [`poll`](Worker::poll) until `None`, then wait for [`deadline`](Worker::deadline) or an input.

mod claims;
mod entry;
mod input;
mod output;
mod reply;

use core::borrow::Borrow;
use core::fmt;
use core::mem::replace;

use crate::dice::Dice;
use crate::domain::Domain;
use crate::id::Ticket;
use crate::job::Job;
use crate::lease::LeaseTerms;
use crate::limits;
use crate::note::Note;
use crate::outcome::Outcome;
use crate::pulse::{Horizon, Outage, earlier};
use crate::queue::Queue;
use crate::room::{Inline, Room};
use crate::table::{Full, Slot, Table};
use crate::time::{Mono, Now, Span};
use crate::verb::Release;

use self::claims::{Claim, Claims};
use self::entry::{Phase, Trust, write_down};

pub use self::entry::Entry;
pub use self::input::{Input, Suspects};
pub use self::output::Output;

/// Runs jobs within bounds and keeps their leases.
///
/// An empty one is all zeros: see [`EMPTY`](Worker::EMPTY).
pub struct Worker<D: Domain, R: Room> {
    window: Table<Entry<D>, R::Slots<Entry<D>>>,
    /// Every entry that waits for an instant, by that instant.
    timers: Queue<Mono, R::Cells>,
    terms: D::Note<Option<LeaseTerms>>,
    /// When the store will have a job to claim.
    horizon: Horizon,
    /// When to look even if nothing is on the horizon.
    look_at: Mono,
    claims: Claims<D>,
    /// Not before this are jobs claimed: one that was refused here may go to somebody else.
    spare_until: D::Note<Mono>,
    outage: D::Note<Outage>,
    max_idle: Option<Span>,
    dice: Dice,
    ticket: Ticket,
    adopted: u32,
    stopped: bool,
    /// Settles travel with claims.
    travel: bool,
    /// For how many jobs a claim asks at most, if it is not the usual number.
    batch: D::Note<Option<u32>>,
    /// How many settles wait for the claim that they travel with: so many places will be free.
    leaving: u32,
}

impl<D: Domain, const N: usize> Worker<D, Inline<N>> {
    /// A worker for a static, with the [usual lease](LeaseTerms::DEFAULT), which looks at the store
    /// at least every [`MAX_IDLE`](limits::MAX_IDLE): all its bits are zero, so that it takes no
    /// flash, and nothing has to build it on a stack.
    pub const EMPTY: Self = Self::over([const { Slot::Free }; N], [0; N]);
}

impl<D: Domain, R: Room> Worker<D, R> {
    /// A worker that runs as many jobs at once as `room` has places, and which looks at the store
    /// at least every `max_idle`.
    pub fn new(room: &R, terms: LeaseTerms, max_idle: Span) -> Self {
        let mut worker = Self::over(room.slots(), room.cells());
        worker.leases(terms);
        worker.max_idle(max_idle);
        worker
    }

    const fn over(window: R::Slots<Entry<D>>, timers: R::Cells) -> Self {
        Self {
            window: Table::new(window),
            timers: Queue::new(timers),
            terms: Note::EMPTY,
            horizon: Horizon::EMPTY,
            look_at: Mono::ZERO,
            claims: Claims::NONE,
            spare_until: Note::EMPTY,
            outage: Note::EMPTY,
            max_idle: None,
            dice: Dice::seeded(0),
            ticket: Ticket::ZERO,
            adopted: 0,
            stopped: false,
            travel: false,
            batch: Note::EMPTY,
            leaving: 0,
        }
    }

    /// Makes this worker roll these dice where the [jitter](crate::settings::Retry::jitter) of a
    /// wait asks for chance. Without, every worker draws the same waits.
    pub fn dice(&mut self, dice: Dice) {
        self.dice = dice;
    }

    /// Makes this worker ask for other leases than [usual](LeaseTerms::DEFAULT): long ones, if
    /// nobody else could take over its jobs, so that a device need not wake up to renew them.
    pub fn leases(&mut self, terms: LeaseTerms) {
        self.terms = D::Note::of(Some(terms));
    }

    /// Makes this worker look at the store at least every `span`, instead of
    /// [`MAX_IDLE`](limits::MAX_IDLE).
    pub fn max_idle(&mut self, span: Span) {
        self.max_idle = Some(span);
    }

    /// Promises that the settles which [`poll`](Self::poll) returns before a claim are carried out
    /// before it, in the same call of the store, and reported before it. The places that they free
    /// are then claimed for at once.
    pub fn settles_travel(&mut self) {
        self.travel = true;
    }

    /// Makes this worker ask for no more than `max` jobs at once, from 1 on, instead of
    /// [`JOBS_PER_CLAIM`](limits::JOBS_PER_CLAIM).
    pub fn jobs_per_claim(&mut self, max: u32) {
        self.batch = D::Note::of(Some(max.max(1)));
    }

    /// Takes a job into the window that the claim under way has brought.
    ///
    /// # Errors
    /// [`Full`] with the job, if the window has no room or still holds an earlier claim of the
    /// same job, whose run has not ended yet. Release it, or let its lease end.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn adopt(&mut self, job: Job<D>, now: Now) -> Result<(), Full<Job<D>>> {
        if D::OFFER.remote && self.window.find(&job.id).is_some() {
            // Once released it can be claimed at once; asking at once would bring it back here.
            self.spare_until = D::Note::of(now.mono + limits::RECLAIM_PAUSE);
            return Err(Full(job));
        }
        if self.window.len() == self.window.capacity() {
            return Err(Full(job));
        }
        let sent = self.claims.sent().unwrap_or(now.mono);
        let renew_at = if D::OFFER.renews() { self.lease().renew_at(sent) } else { Mono::ZERO };
        self.adopted = self.adopted.wrapping_add(1);
        let trust = Trust { sent, renewing: None, renew_at };
        let mut entry = Entry::new(job, self.adopted, trust);
        if self.stopped {
            entry.phase = Phase::Ending { ended: None, under_way: None };
        }
        let slot = self.window.insert(entry).map_err(|Full(_)| Full(()));
        self.rearm(slot.expect("there is room"));
        Ok(())
    }

    /// Takes note of what happened.
    pub fn handle(&mut self, input: Input<D>, now: Now) {
        match input {
            Input::Claimed { ticket, result } => self.claimed(ticket, result, now),
            Input::Finished { job, token, ended, ask } => self.finished(&job, token, ended, ask),
            Input::Unstarted { job, token } => self.unstarted(&job, token),
            Input::Renewed { ticket, job, result } => self.renewed(ticket, &job, result, now),
            Input::Written { ticket, job, result } => self.written(ticket, &job, result, now),
            Input::Pulse(pulse) => self.hear(&pulse, now),
            Input::Hint => self.horizon.hear(Some(now.mono)),
            Input::Verify(_) if !D::OFFER.renews() => {}
            Input::Verify(suspects) => self.each(|entry| {
                let is_one = suspects.include(entry);
                if is_one {
                    entry.verify();
                }
                is_one
            }),
            Input::Cancelled(job) => self.each(|entry| entry.id == job && entry.cancel()),
            Input::ClockJumped => {
                self.horizon.hear(Some(now.mono));
                if !D::OFFER.remote {
                    return;
                }
                // The monotonic clock may have slept too, so a request that was under way may be
                // much older than it seems.
                self.claims.are_from(LONG_AGO);
                self.each(|entry| {
                    if matches!(entry.phase, Phase::Claimed(_)) {
                        entry.change_trust(|trust| trust.sent = LONG_AGO);
                    }
                    entry.verify();
                    true
                });
            }
            Input::Stop => {
                self.stopped = true;
                self.each(|entry| {
                    let is_one = matches!(entry.phase, Phase::Claimed(_));
                    if is_one {
                        entry.phase = Phase::Ending { ended: None, under_way: None };
                    }
                    is_one
                });
            }
            Input::Abort => self.each(|entry| {
                let is_one = matches!(entry.phase, Phase::Running { .. });
                if is_one {
                    entry.phase = Phase::Aborting { why: Outcome::Interrupted, told: false };
                }
                is_one
            }),
        }
    }

    /// The next thing to do, or `None` until [`deadline`](Self::deadline) or an input.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn poll(&mut self, now: Now) -> Option<Output<D>> {
        while let Some((slot, _)) = self.timers.peek().filter(|(_, at)| *at <= now.mono) {
            // It stays in the queue meanwhile: its place there is found once and not twice.
            let output = self.step(slot, now);
            self.rearm(slot);
            if output.is_some() {
                self.leaving +=
                    u32::from(self.travel && matches!(output, Some(Output::Settle { .. })));
                return output;
            }
        }
        if self.claim_at(now).is_none_or(|at| at > now.mono) {
            self.leaving = 0;
            return None;
        }
        let ticket = self.next_ticket();
        let max = self.room().min(self.batch());
        // So many places become free with it. What else leaves may travel with a claim beside it.
        let freed = self.leaving.min(max);
        self.leaving -= freed;
        let (epoch, sent) = (self.horizon.epoch(), now.mono);
        self.claims.add(Claim { ticket, epoch, sent }, max, freed);
        Some(Output::Claim { ticket, lease_for: self.lease().lease_for, max })
    }

    /// When [`poll`](Self::poll) will have something to do if nothing happens before; `None`: only
    /// an input changes anything.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn deadline(&self, now: Now) -> Option<Mono> {
        earlier(self.timers.peek().map(|(_, at)| at), self.claim_at(now))
    }

    /// Whether no job is in the window and nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.window.is_empty() && self.claims.sent().is_none()
    }

    /// How many jobs are in the window.
    pub fn len(&self) -> usize {
        self.window.len()
    }

    /// Whether no job is in the window.
    pub fn is_empty(&self) -> bool {
        self.window.is_empty()
    }

    fn claim_at(&self, now: Now) -> Option<Mono> {
        if self.stopped || self.room() < self.claims.least(self.batch())? {
            return None;
        }
        let at = earlier(Some(self.look_at), self.horizon.at())?;
        let at = if D::OFFER.remote { at.max(self.spare_until.value()) } else { at };
        Some(self.outage(now.mono).map_or(at, |until| at.max(until)))
    }

    /// For how many jobs there is room that no claim has asked for.
    fn room(&self) -> u32 {
        let free = self.window.capacity() - self.window.len();
        let free = u32::try_from(free).unwrap_or(u32::MAX).saturating_add(self.leaving);
        free.saturating_sub(self.claims.taken())
    }

    /// For how many jobs a claim asks at most.
    fn batch(&self) -> u32 {
        self.batch.value().unwrap_or(limits::JOBS_PER_CLAIM)
    }

    /// Until when nothing is asked of the store, if it has failed.
    fn outage(&self, now: Mono) -> Option<Mono> {
        if D::OFFER.remote { self.outage.value().until(now) } else { None }
    }

    /// The store has failed.
    fn failed(&mut self, now: Mono) {
        if D::OFFER.remote {
            let mut outage = self.outage.value();
            outage.failed(now);
            self.outage = D::Note::of(outage);
        }
    }

    /// The store answers.
    fn answered(&mut self) {
        self.outage = Note::EMPTY;
    }

    /// When a lease that was asked for at `sent` may have gone to somebody else.
    fn trusted_until(&self, sent: Mono) -> Option<Mono> {
        D::OFFER.remote.then(|| self.lease().trusted_until(sent))
    }

    /// What an entry has to do now that its time has come.
    fn step(&mut self, slot: usize, now: Now) -> Option<Output<D>> {
        let ticket = self.ticket.next();
        let terms = self.lease();
        let out = self.outage(now.mono).is_some();
        let entry = self.window.get_mut(slot)?;
        let trusted_until = terms.trusted_until(entry.trust().sent);
        let is_lost = D::OFFER.remote && now.mono >= trusted_until;
        let (job, token) = (entry.id.clone(), entry.token);
        let output = match &mut entry.phase {
            Phase::Claimed(_) => {
                // A claim whose reply came too late is not started at all.
                if is_lost {
                    entry.phase = Phase::Ending { ended: None, under_way: None };
                    return None;
                }
                let timeout = entry.terms.borrow().timeout.span();
                let runs = Phase::Running { timeout_at: timeout.map(|span| now.mono + span) };
                return match replace(&mut entry.phase, runs) {
                    Phase::Claimed(job) => Some(Output::Run(job)),
                    _ => None,
                };
            }
            Phase::Running { timeout_at } => {
                if !is_lost && timeout_at.is_none_or(|at| now.mono < at) {
                    entry.renew(ticket, terms, now)?
                } else {
                    let why = if is_lost { Outcome::LeaseLost } else { Outcome::TimedOut };
                    entry.phase = Phase::Aborting { why, told: true };
                    return Some(Output::Abort { job, token, why });
                }
            }
            Phase::Aborting { why, told } => {
                if !replace(told, true) {
                    return Some(Output::Abort { job, token, why: *why });
                }
                if *why == Outcome::LeaseLost {
                    return None;
                }
                // What was left to the run to end in order is dropped before its job goes away.
                if is_lost {
                    let why = Outcome::LeaseLost;
                    entry.phase = Phase::Aborting { why, told: true };
                    return Some(Output::Abort { job, token, why });
                }
                entry.renew(ticket, terms, now)?
            }
            Phase::Ending { ended: Some(_), under_way: Some(_) } => {
                entry.renew(ticket, terms, now)?
            }
            Phase::Ending { ended, under_way } => {
                if under_way.is_some() || out {
                    return None;
                }
                *under_way = Some(ticket);
                match ended.clone() {
                    None => Output::Release { ticket, release: Release { job, token } },
                    Some(ended) => write_down(entry, ticket, ended, &mut self.dice),
                }
            }
        };
        self.ticket = ticket;
        Some(output)
    }

    fn lease(&self) -> LeaseTerms {
        self.terms.value().unwrap_or(LeaseTerms::DEFAULT)
    }

    /// Puts an entry's next instant into the queue.
    fn rearm(&mut self, slot: usize) {
        let Some(entry) = self.window.get(slot) else { return };
        let Trust { sent, renewing, renew_at } = entry.trust();
        let renews = D::OFFER.renews() && renewing.is_none();
        let renew_at = if renews { Some(renew_at) } else { None };
        let at = match &entry.phase {
            Phase::Claimed(_) => {
                Some(Mono::ZERO - Span::from_micros(i64::from(u32::MAX - entry.order)))
            }
            Phase::Aborting { told: false, .. } => Some(Mono::ZERO),
            Phase::Running { timeout_at } => {
                earlier(renew_at, earlier(self.trusted_until(sent), *timeout_at))
            }
            Phase::Aborting { why: Outcome::LeaseLost, .. } => None,
            Phase::Aborting { .. } => earlier(renew_at, self.trusted_until(sent)),
            // What a run has done must not be lost because it takes long to be written down.
            Phase::Ending { ended: Some(_), under_way: Some(_) } => renew_at,
            Phase::Ending { ended: None, under_way: Some(_) } => None,
            Phase::Ending { under_way: None, .. } => {
                Some(self.outage(Mono::ZERO).unwrap_or(Mono::ZERO))
            }
        };
        match at {
            Some(at) => self.timers.put(slot, at),
            None => {
                self.timers.remove(slot);
            }
        }
    }

    /// Shows every entry to `change`, and lets those that it changed look at their new state.
    fn each(&mut self, change: impl Fn(&mut Entry<D>) -> bool) {
        for slot in 0..self.window.capacity() {
            if self.window.get_mut(slot).is_some_and(&change) {
                self.rearm(slot);
            }
        }
    }

    fn drop_slot(&mut self, slot: usize) {
        self.timers.remove(slot);
        self.window.discard(slot);
    }

    fn next_ticket(&mut self) -> Ticket {
        self.ticket = self.ticket.next();
        self.ticket
    }
}

/// When a request was sent of which only this is known: a lease that rests on it has ended.
const LONG_AGO: Mono = Mono::from_micros(i64::MIN);

impl<D: Domain, R: Room> fmt::Debug for Worker<D, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("window", &self.window.len())
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}
