//! Machine 1: schedules in, jobs out.
//!
//! The planner holds a bounded window of claimed schedules, decides about each when it comes due,
//! and asks the store to advance it. It owns no clock and does no I/O: after every
//! [`handle`](Planner::handle), call [`poll`](Planner::poll) until it returns `None`, carry out
//! each [`Output`], then wait for [`deadline`](Planner::deadline) or an input. Calling early is
//! harmless; each call does bounded work.

mod decide;
mod input;
mod output;
mod reply;
mod rules;

use core::fmt;

use crate::dice::Dice;
use crate::domain::Domain;
use crate::exclude::Plan;
use crate::id::{Revision, Ticket};
use crate::limits;
use crate::note::Note;
use crate::pulse::{Horizon, Outage, Pulse, earlier};
use crate::queue::Queue;
use crate::room::{Inline, Room};
use crate::schedule::Schedule;
use crate::table::{Full, Keyed, Slot, Table};
use crate::time::{Mono, Now, Span, Timestamp};

use self::rules::Rules;

pub use self::input::{Down, Input};
pub use self::output::Output;

/// A claimed schedule in the planner's window. What each decision needs is in as few cache lines as
/// possible: among many schedules, fetching them is most of the work.
#[derive(Clone, Debug)]
pub struct Entry<D: Domain, P> {
    id: D::ScheduleId,
    revision: Revision,
    next: Timestamp,
    rules: Rules<D>,
    plan: P,
    /// The store had no room for all fires of a decision: they come one by one until it has caught
    /// up.
    one_by_one: bool,
    /// An advance is under way: the one with this ticket.
    under_way: bool,
    ticket: u32,
    /// The cursor after the advance that is under way, if the schedule stays in the window.
    after: Option<Timestamp>,
}

impl<D: Domain, P> Keyed for Entry<D, P> {
    type Key = D::ScheduleId;
    fn key(&self) -> &D::ScheduleId {
        &self.id
    }
}

/// Decides which fires become jobs, and when to look for more schedules.
///
/// An empty one is all zeros: see [`EMPTY`](Planner::EMPTY).
pub struct Planner<D: Domain, P: Plan, R: Room> {
    window: Table<Entry<D, P>, R::Slots<Entry<D, P>>>,
    /// Entries by the latest instant at which their next fire is to be noticed. One with an advance
    /// under way is there as if that were done, and leaves when its time comes nevertheless.
    due: Queue<Timestamp, R::Cells>,
    /// The largest slack in the window since it was last empty.
    slack: Span,
    /// How many of the schedules that come next were fetched from memory ahead.
    fetched: D::Note<u32>,
    dice: Dice,
    /// When the store will have a schedule to claim.
    horizon: Horizon,
    /// Whether to claim only at the horizon, and not ahead of it, which costs no lateness.
    in_time: bool,
    /// The due instant on the horizon, if somebody else has claimed what is due there.
    theirs: D::Note<Option<Timestamp>>,
    /// When to look even if nothing is on the horizon.
    look_at: Mono,
    /// What the store's clock showed when it was last heard of: fires are judged by it, so that a
    /// node whose own clock is wrong neither misses nor coalesces them.
    store_clock: D::Note<Option<(Timestamp, Mono)>>,
    /// When the store will have a job to rescue.
    lapse_at: Option<Mono>,
    /// Not before this are jobs rescued: after a clock jump their holders come first.
    spare_until: D::Note<Mono>,
    claiming: Option<(Ticket, u32)>,
    /// The youngest pulse since the claim that is under way was sent. If it is younger than the
    /// claim's own, it is news after all.
    news: D::Note<Option<(Pulse, Now)>>,
    rescuing: Option<Ticket>,
    pruning: D::Note<Option<Ticket>>,
    /// When to forget history.
    prune_at: D::Note<Mono>,
    outage: D::Note<Outage>,
    keep_history: D::Note<Option<Span>>,
    lookahead: Option<Span>,
    max_idle: Option<Span>,
    ticket: Ticket,
    stopped: bool,
}

impl<D: Domain, P: Plan, const N: usize> Planner<D, P, Inline<N>> {
    /// A planner for a static, which looks at the store at least every
    /// [`MAX_IDLE`](limits::MAX_IDLE): all its bits are zero, so that it takes no flash, and
    /// nothing has to build it on a stack.
    pub const EMPTY: Self = Self::over([const { Slot::Free }; N], [0; N]);
}

impl<D: Domain, P: Plan, R: Room> Planner<D, P, R> {
    /// A planner whose window has this much room and which looks at the store at least every
    /// `max_idle`.
    pub fn new(room: &R, max_idle: Span) -> Self {
        let mut planner = Self::over(room.slots(), room.cells());
        planner.max_idle(max_idle);
        planner
    }

    const fn over(window: R::Slots<Entry<D, P>>, due: R::Cells) -> Self {
        Self {
            window: Table::new(window),
            due: Queue::new(due),
            slack: Span::ZERO,
            fetched: Note::EMPTY,
            dice: Dice::seeded(0),
            horizon: Horizon::EMPTY,
            in_time: false,
            theirs: Note::EMPTY,
            look_at: Mono::ZERO,
            store_clock: Note::EMPTY,
            lapse_at: None,
            spare_until: Note::EMPTY,
            claiming: None,
            news: Note::EMPTY,
            rescuing: None,
            pruning: Note::EMPTY,
            prune_at: Note::EMPTY,
            outage: Note::EMPTY,
            keep_history: Note::EMPTY,
            lookahead: None,
            max_idle: None,
            ticket: Ticket::ZERO,
            stopped: false,
        }
    }

    /// Makes this planner forget history that is older than `span`.
    pub fn keep_history(&mut self, span: Span) {
        self.keep_history = D::Note::of(Some(span));
    }

    /// Makes this planner roll these dice where [jitter](crate::schedule::Jitter) asks for chance.
    /// Without, every planner draws the same delays.
    pub fn dice(&mut self, dice: Dice) {
        self.dice = dice;
    }

    /// Makes this planner claim schedules that come due within `span`, and keep those that do so
    /// again, instead of [`LOOKAHEAD`](limits::LOOKAHEAD). For a store with one planner only: if
    /// that is lost, others plan what it holds no earlier than its claims end.
    pub fn lookahead(&mut self, span: Span) {
        self.lookahead = Some(span);
    }

    /// Makes this planner look at the store at least every `span`, instead of
    /// [`MAX_IDLE`](limits::MAX_IDLE).
    pub fn max_idle(&mut self, span: Span) {
        self.max_idle = Some(span);
    }

    /// Takes a claimed schedule with its decoded plan into the window. One that is there already is
    /// replaced, unless an advance of the same revision is under way.
    ///
    /// # Errors
    /// [`Full`] with the plan, if the window has no room. [`Output::Claim`] never asks for more
    /// than fits.
    pub fn adopt(&mut self, schedule: &Schedule<D>, plan: P) -> Result<(), Full<P>> {
        let Some(next) = schedule.due() else { return Ok(()) };
        let spec = schedule.spec();
        if let Some(slot) = self.window.find(&spec.id) {
            let there = self.window.get(slot).map(|entry| entry.revision);
            if there == Some(schedule.revision) {
                return Ok(());
            }
            self.drop_slot(slot);
        }
        let rules = Rules::of(&schedule.policies());
        let entry = Entry {
            id: spec.id.clone(),
            revision: schedule.revision,
            next,
            rules,
            plan,
            one_by_one: false,
            under_way: false,
            ticket: 0,
            after: None,
        };
        if self.window.is_empty() {
            self.slack = Span::ZERO;
        }
        let slack = rules.slack();
        let slot = self.window.insert(entry).map_err(|Full(entry)| Full(entry.plan))?;
        self.slack = self.slack.max(slack);
        self.due.put(slot, next + slack);
        Ok(())
    }

    /// Lets a schedule go that turned out to be unusable, whatever is under way.
    pub fn forget(&mut self, schedule: &D::ScheduleId) {
        if let Some(slot) = self.window.find(schedule) {
            self.drop_slot(slot);
        }
    }

    /// The plan of a schedule in the window.
    pub fn plan(&self, schedule: &D::ScheduleId) -> Option<&P> {
        let slot = self.window.find(schedule)?;
        self.window.get(slot).map(|entry| &entry.plan)
    }

    /// Takes note of what happened.
    pub fn handle(&mut self, input: Input<D>, now: Now) {
        match input {
            Input::Claimed { ticket, result } => self.claimed(ticket, result, now),
            Input::Advanced { ticket, schedule, result } => {
                self.advanced(ticket, &schedule, result, now);
            }
            Input::Rescued { ticket, result } => {
                if self.rescuing == Some(ticket) {
                    self.rescuing = None;
                    match result {
                        Ok(pulse) => self.hear(pulse, now),
                        Err(Down) => self.failed(now.mono),
                    }
                }
            }
            Input::Pruned { ticket, result } => self.pruned(ticket, result, now),
            Input::Pulse(pulse) => self.hear(pulse, now),
            Input::Hint => self.look(now),
            Input::ClockJumped if !D::OFFER.remote => self.look(now),
            Input::ClockJumped => {
                // How much time passed is not known: nothing is decided until there is news.
                self.store_clock = Note::EMPTY;
                // Leases that only seem to have ended are being verified by their holders now.
                self.spare_until = D::Note::of(now.mono + limits::LEASE_MARGIN);
                self.look(now);
            }
            Input::Stop => self.stopped = true,
        }
    }

    /// The next thing to do, or `None` until [`deadline`](Self::deadline) or an input.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn poll(&mut self, now: Now) -> Option<Output<D>> {
        if self.stopped || self.outage(now.mono).is_some() {
            return None;
        }
        if let Some(now) = self.by_store_clock(now)
            && let Some(slot) = self.first_due(now)
        {
            return self.advance(slot, now);
        }
        self.sweep(now)
    }

    /// When [`poll`](Self::poll) will have something to do if nothing happens before; `None`: only
    /// an input changes anything.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn deadline(&self, now: Now) -> Option<Mono> {
        if self.stopped {
            return None;
        }
        let clock =
            if D::OFFER.remote { self.store_clock.value() } else { Some((now.wall, now.mono)) };
        let first = self.due.peek().zip(clock);
        let due = first.map(|((_, at), (wall, mono))| (mono + at.since(wall)).max(now.mono));
        let sweeps = earlier(self.rescue_at(), self.prune_at());
        let first = earlier(due, earlier(self.claim_at(), sweeps))?;
        Some(self.outage(now.mono).map_or(first, |until| first.max(until)))
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        let busy = self.window.iter().any(|(_, entry)| entry.under_way);
        let sweeping = self.rescuing.is_some() || self.pruning.value().is_some();
        !busy && self.claiming.is_none() && !sweeping
    }

    /// How many schedules are in the window.
    pub fn len(&self) -> usize {
        self.window.len()
    }

    /// Whether the window is empty.
    pub fn is_empty(&self) -> bool {
        self.window.is_empty()
    }

    /// How far ahead schedules are claimed.
    fn reach(&self) -> Span {
        self.lookahead.unwrap_or(limits::LOOKAHEAD)
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

    fn claim_at(&self) -> Option<Mono> {
        let is_full = self.window.len() == self.window.capacity();
        // Even with a full window a claim brings one thing: the store's clock.
        let is_clock_known = !D::OFFER.remote || self.store_clock.value().is_some();
        let wants_clock = !is_clock_known && !self.window.is_empty();
        if self.claiming.is_some() || (is_full && !wants_clock) {
            return None;
        }
        let ahead = if D::OFFER.remote && self.in_time { Span::ZERO } else { self.reach() };
        earlier(Some(self.look_at), self.horizon.at().map(|at| at - ahead))
    }

    fn rescue_at(&self) -> Option<Mono> {
        let lapse_at = self.lapse_at.filter(|_| self.rescuing.is_none())?;
        Some(if D::OFFER.remote { lapse_at.max(self.spare_until.value()) } else { lapse_at })
    }

    fn prune_at(&self) -> Option<Mono> {
        let (keep, pruning) = (self.keep_history.value(), self.pruning.value());
        let wanted = D::OFFER.history && keep.is_some() && pruning.is_none();
        (wanted && self.store_clock.value().is_some()).then_some(self.prune_at.value())
    }

    /// The same moment by the store's clock, if that is known.
    fn by_store_clock(&self, now: Now) -> Option<Now> {
        if !D::OFFER.remote {
            return Some(now);
        }
        let (wall, at) = self.store_clock.value()?;
        Some(Now { wall: wall + now.mono.since(at), ..now })
    }

    /// How long schedules are claimed for.
    fn claim_for(&self) -> Span {
        if D::OFFER.remote {
            // A claim that ended before its schedule must be noticed would wake this node.
            self.reach() + self.slack + limits::PLAN_GRACE
        } else {
            Span::MAX
        }
    }

    /// Whether something else is due than the window has room for.
    fn is_crowded(&self, now: Now) -> bool {
        let waits = self.horizon.at().is_some_and(|at| at <= now.mono);
        waits && self.window.len() == self.window.capacity()
    }

    /// What is to be done besides advancing schedules.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn sweep(&mut self, now: Now) -> Option<Output<D>> {
        if self.claim_at().is_some_and(|at| at <= now.mono) {
            let ticket = self.next_ticket();
            self.claiming = Some((ticket, self.horizon.epoch()));
            self.news = Note::EMPTY;
            let room = self.window.capacity() - self.window.len();
            return Some(Output::Claim {
                ticket,
                within: self.reach(),
                claim_for: self.claim_for(),
                max: u32::try_from(room).unwrap_or(u32::MAX).min(limits::CLAIM_MAX),
            });
        }
        if self.rescue_at().is_some_and(|at| at <= now.mono) {
            let ticket = self.next_ticket();
            self.rescuing = Some(ticket);
            return Some(Output::Rescue { ticket, max: limits::ROWS_PER_SWEEP });
        }
        let keep = self.keep_history.value().filter(|_| D::OFFER.history)?;
        if self.prune_at().is_some_and(|at| at <= now.mono) {
            let ticket = self.next_ticket();
            self.pruning = D::Note::of(Some(ticket));
            let before = self.by_store_clock(now)?.wall - keep;
            return Some(Output::Prune { ticket, before, max: limits::ROWS_PER_SWEEP });
        }
        None
    }

    /// Has a look at the store as soon as possible.
    fn look(&mut self, now: Now) {
        self.horizon.hear(Some(now.mono));
        self.in_time = false;
    }

    fn drop_slot(&mut self, slot: usize) {
        self.due.remove(slot);
        self.window.remove(slot);
    }

    fn next_ticket(&mut self) -> Ticket {
        self.ticket = self.ticket.next();
        self.ticket
    }
}

impl<D: Domain, P: Plan, R: Room> fmt::Debug for Planner<D, P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planner")
            .field("window", &self.window.len())
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}
