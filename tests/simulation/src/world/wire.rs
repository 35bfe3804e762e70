//! The ways to the store, and the store.

use mainspring_core::planner::Down;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::Span;
use mainspring_core::verb::{ClaimJobs, ClaimSchedules, Rescue};

use super::{Event, Sender, World};
use crate::node::{Answer, Reply, Request};

impl World {
    pub(super) fn send(&mut self, sender: Sender, request: Request) {
        self.tally.add("calls", 1);
        let wire = self.wire;
        let chance = &mut self.chance;
        let there = chance.span(Span::ZERO, wire.latency);
        let back = chance.span(Span::ZERO, wire.latency);
        let items = match &request {
            Request::Advance(list) => list.len(),
            Request::Renew(list) => list.len(),
            Request::Release(list) => list.len(),
            Request::Retry(list) => list.len(),
            Request::Settle(list) => list.len(),
            Request::Quarantine(list) => list.len(),
            _ => 1,
        };
        let answer = Answer { request: request.clone(), result: Err(Down) };
        let failed = Event::Reply(sender.clone(), Box::new(answer));
        let arrive = |items, back, late| {
            let (sender, request) = (sender.clone(), request.clone());
            Event::Arrive { sender, request, items, back, late }
        };
        let cut = !self.healed && self.places[sender.place].cut_until > self.at;
        if cut || chance.odds(wire.lost) {
            self.tally.add("requests lost", 1);
            let long = self.chance.pick(&[Span::ZERO, Span::ZERO, Span::from_secs(5)]);
            self.after(there + back + long, failed);
        } else if chance.odds(wire.unheard) {
            self.tally.add("replies lost", 1);
            self.after(there, arrive(items, None, false));
            self.after(there + back, failed);
        } else if chance.odds(wire.late) {
            self.tally.add("requests late", 1);
            let long = chance.span(Span::ZERO, Span::from_secs(25));
            self.after(there + long, arrive(items, None, true));
            self.after(there, failed);
        } else if items > 1 && chance.odds(wire.torn) {
            self.tally.add("batches torn", 1);
            let part = chance.index(items);
            self.after(there, arrive(part, None, false));
            self.after(there + back, failed);
        } else {
            if chance.odds(wire.doubled) {
                self.tally.add("requests doubled", 1);
                let other = self.chance.span(Span::ZERO, wire.latency + wire.latency);
                self.after(other, arrive(items, None, false));
            }
            self.after(there, arrive(items, Some(back), false));
        }
    }

    pub(super) fn arrive(
        &mut self,
        sender: Sender,
        request: Request,
        items: usize,
        back: Option<Span>,
        late: bool,
    ) {
        let cut = !self.store_is_up || (sender.epoch != self.epoch && !late);
        let result = if cut { Err(Down) } else { Ok(self.execute(&sender, &request, items)) };
        if let Some(back) = back {
            let answer = Box::new(Answer { request, result });
            self.after(back, Event::Reply(sender, answer));
        }
    }

    pub(super) fn execute(
        &mut self,
        sender: &Sender,
        request: &Request,
        items: usize,
    ) -> (Reply, Pulse) {
        let now = self.store_now();
        let place = &self.places[sender.place];
        let (node, tasks, tags) = (sender.name, &place.tasks, &place.tags);
        let store = &mut self.store;
        let reply = match request {
            Request::ClaimSchedules { within, claim_for, max, .. } => {
                let (within, claim_for, max) = (*within, *claim_for, *max);
                let claim = ClaimSchedules { node, within, claim_for, max };
                Reply::Schedules(store.claim_schedules(&claim, now))
            }
            Request::ClaimJobs { lease_for, max, .. } => {
                let (lease_for, max) = (*lease_for, *max);
                let claim = ClaimJobs { node, tasks, tags, lease_for, max };
                Reply::Jobs(store.claim_jobs(&claim, now))
            }
            Request::Rescue { max, wall, .. } => {
                store.rescue(&Rescue::Lapsed, *max, now, *wall);
                Reply::Swept
            }
            Request::Prune { before, max, .. } => Reply::Pruned(store.prune(*before, *max)),
            Request::Quarantine(list) => {
                list.iter().take(items).for_each(|one| store.quarantine(one.clone()));
                Reply::Swept
            }
            Request::Advance(list) => {
                let list = list.iter().take(items);
                Reply::Advanced(list.map(|(_, one)| store.advance(one, now)).collect())
            }
            Request::Renew(list) => {
                let list = list.iter().take(items);
                Reply::Renewed(list.map(|(_, one)| store.renew(one, now)).collect())
            }
            Request::Release(list) => {
                let list = list.iter().take(items);
                Reply::Written(list.map(|(_, one)| store.release(one, now)).collect())
            }
            Request::Retry(list) => {
                let list = list.iter().take(items);
                Reply::Written(list.map(|(_, one)| store.retry(one, now)).collect())
            }
            Request::Settle(list) => {
                let list = list.iter().take(items);
                Reply::Written(list.map(|(_, one)| store.settle(one, now)).collect())
            }
            Request::SettleAndClaim { settles, lease_for, max, .. } => {
                let written = settles.iter().map(|(_, one)| store.settle(one, now)).collect();
                let (lease_for, max) = (*lease_for, *max);
                let claim = ClaimJobs { node, tasks, tags, lease_for, max };
                Reply::WrittenAndJobs(written, store.claim_jobs(&claim, now))
            }
        };
        let pulse = store.pulse(now);
        self.committed();
        (reply, pulse)
    }
}
