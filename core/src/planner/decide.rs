//! Which schedule is next, and what is asked of the store for it.

use core::hint::black_box;

use super::{Entry, Output, Planner};
use crate::domain::Domain;
use crate::exclude::Plan;
use crate::fire;
use crate::id::Ticket;
use crate::limits;
use crate::note::Note;
use crate::queue::Queue;
use crate::room::Room;
use crate::schedule::Next;
use crate::time::{Now, Span, Timestamp};
use crate::verb::Advance;

impl<D: Domain, P: Plan, R: Room> Planner<D, P, R> {
    /// A schedule that is due: one that must not wait any longer or, as this node is awake now, one
    /// could. `now` is by the clock of the store.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn first_due(&mut self, now: Now) -> Option<usize> {
        let latest = loop {
            let (slot, latest) = self.due.peek()?;
            if latest > now.wall {
                break latest;
            }
            // The queue knows its first by heart and is asked nevertheless, so that its key is
            // fetched from memory while the entry is.
            let key = self.due.key_of(slot);
            if self.window.get(slot).is_some_and(|entry| !entry.under_way) && key.is_some() {
                return Some(slot);
            }
            self.due.remove(slot);
        };
        if self.slack <= Span::ZERO || latest > now.wall + self.slack {
            return None;
        }
        let is_due = |&(slot, entry): &(usize, &Entry<D, P>)| {
            let latest = self.due.key_of(slot).filter(|_| !entry.under_way);
            latest.is_some_and(|latest| latest <= now.wall + entry.rules.slack())
        };
        self.window.iter().find(is_due).map(|(slot, _)| slot)
    }

    /// Decides about the schedule in `slot`, which is due by the store's clock.
    ///
    /// A request is large and the usual one nearly empty, so it is made where it is returned.
    #[inline(never)]
    pub(super) fn advance(&mut self, slot: usize, now: Now) -> Option<Output<D>> {
        if !D::OFFER.remote {
            // The shortcut is for many schedules, and is more code.
            return self.unusual(slot, now);
        }
        let longest = if self.is_crowded(now) { None } else { Some(self.reach()) };
        let ticket = self.next_ticket().about(slot);
        if self.window.capacity() >= MANY {
            self.fetch();
        }
        let entry = self.window.get_mut(slot).expect("the queue names slots that are in use");
        let policies = entry.rules.policies(entry.one_by_one).within(D::OFFER);
        let Some(next) = fire::only(&entry.plan, entry.next, now.wall, &policies) else {
            return self.unusual(slot, now);
        };
        let keep_for = entry.send(ticket, next, now.wall, longest);
        let (asked, decision) = ((&entry.id, entry.revision), (entry.next, next));
        let advance = Advance::only(asked, &policies, decision, keep_for, &mut self.dice);
        Self::requeue(&mut self.due, slot, entry);
        Some(Output::Advance { ticket, advance })
    }

    /// Has what the next decisions are about fetched from memory, for several at once: waiting for
    /// one after the other would be most of the work. Nothing depends on it.
    #[inline(never)]
    fn fetch(&mut self) {
        let fetched: u32 = self.fetched.value();
        if let Some(rest) = fetched.checked_sub(1) {
            self.fetched = D::Note::of(rest);
            return;
        }
        let slots = self.due.alike();
        // Asks for something from each cache line, and without a branch on what is not there yet.
        let is_ready = |&&slot: &&usize| {
            let key = self.due.key_of(slot);
            self.window.get(slot).is_some_and(|entry| {
                !entry.under_way & (key == Some(entry.next + entry.rules.slack()))
            })
        };
        black_box(slots.iter().filter(is_ready).count());
        self.fetched = D::Note::of(u32::try_from(slots.len()).unwrap_or(0).saturating_sub(1));
    }

    /// The same if there is more to decide about than one fire.
    #[cold]
    #[inline(never)]
    fn unusual(&mut self, slot: usize, now: Now) -> Option<Output<D>> {
        let longest = if self.is_crowded(now) { None } else { Some(self.reach()) };
        let (ticket, now) = (self.next_ticket().about(slot), now.wall);
        let entry = self.window.get_mut(slot)?;
        let policies = &entry.rules.policies(entry.one_by_one).within(D::OFFER);
        if entry.next > now {
            return None;
        }
        let decision = fire::more(&entry.plan, entry.next, now, policies, D::OFFER);
        let keep_for = entry.send(ticket, decision.next, now, longest);
        let dice = &mut self.dice;
        let mut advance = Advance::decided(&entry.id, entry.revision, policies, decision, dice);
        advance.keep_for = keep_for;
        Self::requeue(&mut self.due, slot, entry);
        Some(Output::Advance { ticket, advance })
    }

    /// Puts an entry whose advance was just asked for where it belongs if that is done: usually it
    /// is, and the queue need not be changed once more.
    #[inline]
    fn requeue(due: &mut Queue<Timestamp, R::Cells>, slot: usize, entry: &Entry<D, P>) {
        match entry.after {
            Some(after) => due.put(slot, after + entry.rules.slack()),
            None => drop(due.remove(slot)),
        }
    }
}

impl<D: Domain, P> Entry<D, P> {
    /// Takes note that the store is asked to move the cursor; says how long the claim is to last:
    /// not beyond `longest`, if at all.
    #[inline]
    fn send(
        &mut self,
        ticket: Ticket,
        next: Next,
        now: Timestamp,
        longest: Option<Span>,
    ) -> Option<Span> {
        let wait = next.at().map(|next| next.since(now));
        let kept = wait.zip(longest).filter(|(wait, longest)| wait <= longest);
        (self.under_way, self.ticket) = (true, ticket.number());
        self.after = next.at().filter(|_| kept.is_some());
        kept.map(|(wait, _)| match D::OFFER.remote {
            true => wait.max(Span::ZERO) + self.rules.slack() + limits::PLAN_GRACE,
            false => Span::MAX,
        })
    }
}

/// Windows of this size do not fit into a cache that cores share, and waiting for memory is most of
/// the work.
const MANY: usize = 1 << 18;
