//! What the planner makes of the store's replies.

use core::mem::replace;

use super::{Down, Planner};
use crate::domain::Domain;
use crate::exclude::Plan;
use crate::id::Ticket;
use crate::limits;
use crate::note::Note;
use crate::pulse::{Pulse, look_at};
use crate::room::Room;
use crate::time::Now;
use crate::verb::Advanced;

impl<D: Domain, P: Plan, R: Room> Planner<D, P, R> {
    pub(super) fn claimed(&mut self, ticket: Ticket, result: Result<Pulse, Down>, now: Now) {
        let Some((_, epoch)) = self.claiming.filter(|(asked, _)| *asked == ticket) else { return };
        self.claiming = None;
        match result {
            Ok(pulse) => {
                self.answered();
                let due = pulse.mono_at(pulse.next_due_at, now);
                // What this claim should have brought and did not belongs to somebody else until
                // it is due; only what lies beyond its reach is claimed ahead.
                if D::OFFER.remote {
                    let beyond = due.is_none_or(|due| due > now.mono + self.reach());
                    self.in_time = !beyond && self.horizon.epoch() == epoch;
                    self.theirs = D::Note::of(pulse.next_due_at.filter(|_| !beyond));
                }
                self.horizon.learn(due, epoch);
                self.note(pulse, now);
                if D::OFFER.remote
                    && let Some((news, heard)) = replace(&mut self.news, Note::EMPTY).value()
                    && news.store_now >= pulse.store_now
                {
                    self.hear(news, heard);
                }
                let idle = self.max_idle.unwrap_or(limits::MAX_IDLE);
                self.look_at = look_at(now.mono, idle, D::OFFER.remote);
            }
            Err(Down) => self.failed(now.mono),
        }
    }

    pub(super) fn pruned(&mut self, ticket: Ticket, result: Result<(u32, Pulse), Down>, now: Now) {
        if !D::OFFER.history || self.pruning.value() != Some(ticket) {
            return;
        }
        self.pruning = Note::EMPTY;
        match result {
            Ok((count, pulse)) => {
                self.hear(pulse, now);
                // A full sweep has left something behind; the pause lets others have the store.
                let more = count >= limits::ROWS_PER_SWEEP;
                let pause = if more { limits::SWEEP_PAUSE } else { limits::PRUNE_EVERY };
                self.prune_at = D::Note::of(now.mono + pause);
            }
            Err(Down) => self.failed(now.mono),
        }
    }

    pub(super) fn advanced(
        &mut self,
        ticket: Ticket,
        schedule: &D::ScheduleId,
        result: Result<(Advanced, Pulse), Down>,
        now: Now,
    ) {
        match &result {
            Ok((_, pulse)) => self.hear(*pulse, now),
            Err(Down) => self.failed(now.mono),
        }
        let slot = ticket.slot();
        let Some(entry) = self.window.get_mut(slot) else { return };
        if !entry.under_way || entry.ticket != ticket.number() {
            return;
        }
        debug_assert!(entry.id == *schedule, "the ticket was given for this schedule");
        entry.under_way = false;
        let slack = entry.rules.slack();
        match (result, entry.after) {
            (Ok((Advanced::Done { revision, inserted }, pulse)), Some(next)) => {
                entry.revision = revision;
                entry.next = next;
                entry.one_by_one &= next <= pulse.store_now;
                entry.rules.spend(inserted);
                // Unless it had to leave meanwhile, it is where it belongs.
                if self.due.key_of(slot).is_none() {
                    self.due.put(slot, next + slack);
                }
            }
            (Ok((Advanced::Done { .. }, _)), None) => self.drop_slot(slot),
            (Ok((Advanced::Stale, _)), _) => {
                self.drop_slot(slot);
                self.look(now);
            }
            // Still due, but the others come first: jobs that end make room.
            (Ok((Advanced::Full, pulse)), _) => {
                entry.one_by_one = true;
                // Never before its fire, which lies ahead again if the store's clock was set back.
                let again = entry.next.max(pulse.store_now + limits::FULL_PAUSE);
                self.due.put(slot, again + slack);
            }
            // Still due: the same decision is made again when the store is back. If it took
            // effect after all, the store will know it again.
            (Err(Down), _) => self.due.put(slot, entry.next + slack),
        }
    }

    pub(super) fn hear(&mut self, pulse: Pulse, now: Now) {
        self.answered();
        let youngest = |(news, _): &(Pulse, Now)| news.store_now <= pulse.store_now;
        let asking = D::OFFER.remote && self.claiming.is_some();
        if asking && self.news.value().as_ref().is_none_or(youngest) {
            self.news = D::Note::of(Some((pulse, now)));
        }
        // Instants are compared as the store gave them: on the node's clock the same one looks a
        // little earlier or later each time, depending on how long the reply took.
        let theirs = self.theirs.value().filter(|_| D::OFFER.remote);
        let news = pulse.next_due_at.filter(|due| theirs != Some(*due));
        let due = pulse.mono_at(news, now);
        if due.is_some_and(|due| self.horizon.at().is_none_or(|known| due < known)) {
            self.horizon.hear(due);
            self.in_time = false;
        }
        self.note(pulse, now);
    }

    /// What every pulse says.
    pub(super) fn note(&mut self, pulse: Pulse, now: Now) {
        if D::OFFER.remote {
            self.store_clock = D::Note::of(Some((pulse.store_now, now.mono)));
        }
        self.lapse_at = pulse.mono_at(pulse.next_lapse_at, now);
    }
}
