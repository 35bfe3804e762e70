//! What people do, at a node or at the store.

use mainspring_core::dice::Dice;
use mainspring_core::fire;
use mainspring_core::limits;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::verb::{Advance, Advanced, ClaimSchedules, PutSchedule};

use super::{Event, World};
use crate::domain::{Sim, plan};
use crate::node::Delivery;
use crate::people::{self, Act};

impl World {
    /// A person, at a node or at the store: who, and what that clock shows.
    pub(super) fn person(&mut self) -> (Option<usize>, Timestamp) {
        let index = self.awake_place().filter(|_| self.chance.odds(600));
        let node = index.and_then(|index| self.places[index].node.as_ref());
        let wall = node.map(|node| node.hands.now(self.at).wall);
        (index, wall.unwrap_or_else(|| self.store_now()))
    }

    pub(super) fn edit(&mut self) {
        let (via, now) = self.person();
        let id = u16::try_from(self.chance.index(usize::from(self.swarm.schedules))).unwrap_or(0);
        let there = self.store.schedule(id).cloned();
        let act = match (self.chance.index(20), there) {
            (0 | 1, _) => {
                let tasks = usize::from(self.swarm.tasks);
                let task = u16::try_from(self.chance.index(tasks)).unwrap_or(0);
                self.versions += 1;
                let version = self.versions;
                Act::Task(people::task(&mut self.chance, &self.swarm, task, version))
            }
            (2 | 3, Some(_)) => Act::Remove(id),
            (4..=7, Some(there)) if !there.is_paused() => Act::Pause(id),
            (4..=12, Some(there)) if there.pause.is_some() => {
                match people::resume(&mut self.chance, &there, now) {
                    Some(act) => act,
                    None => Act::Put(Box::new(people::put(&mut self.chance, &self.swarm, id, now))),
                }
            }
            (13..=15, Some(there)) => {
                let put = people::edited(&mut self.chance, &self.swarm, &there, now);
                Act::Reread(Box::new(put))
            }
            (16..=18, Some(there)) => {
                let put = people::edited(&mut self.chance, &self.swarm, &there, now);
                Act::Put(Box::new(put))
            }
            _ => Act::Put(Box::new(people::put(&mut self.chance, &self.swarm, id, now))),
        };
        self.later(via, act);
    }

    /// Sends what a person asks for on its way, now and then twice.
    pub(super) fn later(&mut self, via: Option<usize>, act: Act) {
        let latency = self.wire.latency;
        let span = self.chance.span(Span::ZERO, latency);
        if self.chance.odds(self.wire.doubled / 2) {
            let span = self.chance.span(Span::ZERO, Span::from_secs(20));
            self.after(span, Event::Act(None, act.clone()));
        }
        self.after(span, Event::Act(via, act));
    }

    /// Somebody sees that a schedule is out of service, and writes it down again.
    pub(super) fn mend(&mut self, id: u16) {
        let now = self.store_now();
        let put = people::put(&mut self.chance, &self.swarm, id, now);
        let span = self.chance.span(Span::ZERO, Span::from_secs(5));
        self.after(span, Event::Act(None, Act::Put(Box::new(put))));
    }

    pub(super) fn ask(&mut self) {
        let (via, _) = self.person();
        let now = self.store_now();
        let id = u16::try_from(self.chance.index(usize::from(self.swarm.schedules))).unwrap_or(0);
        let there = self.store.schedule(id).cloned();
        let act = match (self.chance.index(10), there) {
            (0 | 1, _) => {
                let jobs: Vec<u64> = self.store.jobs().map(|job| job.id).collect();
                if jobs.is_empty() {
                    return;
                }
                Act::Cancel(self.chance.pick(&jobs))
            }
            (2..=4, Some(there)) => {
                Act::Enqueue(Box::new(people::extra(&mut self.chance, &there, now)))
            }
            _ => {
                self.queued += 1;
                let (number, swarm) = (self.queued, &self.swarm);
                Act::Enqueue(Box::new(people::queue(&mut self.chance, swarm, number, now)))
            }
        };
        self.later(via, act);
    }

    /// The store does what somebody asked for.
    pub(super) fn act(&mut self, via: Option<usize>, act: Act) {
        if !self.store_is_up {
            return;
        }
        let now = self.store_now();
        match act {
            Act::Task(task) => self.store.put_task(task),
            Act::Put(put) => self.store.put(*put, now),
            Act::Reread(put) => self.reread(*put),
            Act::Remove(id) => self.store.remove(id),
            Act::Pause(id) => self.store.pause(id, now),
            Act::Resume(resume, point) => {
                let _ = self.store.resume(resume, point);
            }
            Act::Enqueue(job) => self.store.enqueue(*job, now),
            Act::Cancel(job) => self.store.cancel(job, now),
        }
        self.committed();
        let pulse = self.store.pulse(now);
        if let Some(index) = via {
            let life = self.places[index].life;
            self.deliver(index, life, Delivery::Told(pulse));
        }
    }

    /// What is due is planned as it was written down before, as far as nobody else has claimed it;
    /// then the schedule is put.
    pub(super) fn reread(&mut self, put: PutSchedule<Sim>) {
        let now = self.store_now();
        let (node, within, max) = (99, Span::ZERO, limits::CLAIM_MAX);
        let claim = ClaimSchedules { node, within, claim_for: limits::PLAN_GRACE, max };
        let mut dice = Dice::seeded(self.chance.next());
        for mut schedule in self.store.claim_schedules(&claim, now) {
            let spec = schedule.spec.clone();
            // One that cannot be read is left to the planner that claims it next.
            let Some(plan) = plan(spec.trigger, spec.exclusions) else { continue };
            while let Some(due) = schedule.due() {
                let policies = schedule.policies();
                let Some(decision) = fire::due(&plan, due, now, &policies) else { break };
                let revision = schedule.revision;
                let advance =
                    Advance::<Sim>::decided(&spec.id, revision, &policies, decision, &mut dice);
                let answer = self.store.advance(&advance, now);
                let Advanced::Done { revision, inserted } = answer else { break };
                (schedule.revision, schedule.next) = (revision, advance.next);
                schedule.fired += inserted;
            }
        }
        self.store.put(put, now);
    }
}
