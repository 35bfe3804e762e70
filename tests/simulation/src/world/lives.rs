//! The life of nodes: up, away, killed, stopped, and what they want to be done.

use mainspring_core::limits;
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::Ask;
use mainspring_core::time::Span;
use mainspring_core::verb::Rescue;

use super::{CALM, Event, Sender, World};
use crate::bug::Bug;
use crate::fact::{Fact, RunId};
use crate::node::{Delivery, Effect, Make, Node, Run};
use crate::swarm::{Runs, Wire};

impl World {
    pub(super) fn up(&mut self, index: usize) {
        if self.places[index].node.is_some() {
            return;
        }
        if !self.store_is_up {
            // A node that cannot take over does not start.
            self.after(Span::from_secs(1), Event::Up(index));
            return;
        }
        self.processes += 1;
        self.names += 1;
        let (name, owns) = match self.places[index].own_name {
            Some(name) => (name, true),
            None => (self.names, false),
        };
        if owns {
            let (now, wall) = (self.store_now(), self.places[index].hands.now(self.at).wall);
            self.store.rescue(&Rescue::HeldBy(name), limits::ROWS_PER_SWEEP, now, wall);
            self.committed();
        }
        let seed = self.chance.next();
        let place = &mut self.places[index];
        place.life += 1;
        place.away = None;
        place.piled.clear();
        let node = Node::new(Make {
            name,
            process: self.processes,
            hands: place.hands.clone(),
            plans: self.swarm.plans,
            works: self.swarm.works,
            max_idle: self.swarm.max_idle,
            keep_history: self.swarm.keep_history,
            terms: self.swarm.terms,
            seed,
            batches: self.swarm.batches,
            travels: self.swarm.travels,
            bug: self.bug,
        });
        place.node = Some(node);
        let life = place.life;
        self.tally.add("starts of nodes", 1);
        self.say(|world| format!("node {name} is up as process {}", world.processes));
        self.deliver(index, life, Delivery::Timer(0));
    }

    /// The node is gone at once.
    pub(super) fn kill(&mut self, index: usize) {
        let Some(node) = self.places[index].node.take() else { return };
        self.places[index].hands = node.hands;
        self.tower.heard(index, self.at);
        self.fact(&Fact::Lost(node.process));
        let gone = if self.healed { Span::from_secs(1) } else { self.swarm.gone };
        let span = self.chance.span(Span::from_millis(10), gone);
        self.after(span, Event::Up(index));
    }

    pub(super) fn stop(&mut self, index: usize) {
        let life = self.places[index].life;
        if self.places[index].node.as_ref().is_none_or(|node| node.stopping) {
            return;
        }
        self.tally.add("soft stops", 1);
        self.say(|_| format!("place {index} is asked to stop"));
        let grace = self.chance.span(Span::ZERO, Span::from_secs(20));
        self.after(grace, Event::Deliver(index, life, Delivery::Abort));
        self.after(grace + Span::from_secs(15), Event::Quit(index, life));
        self.deliver(index, life, Delivery::Stop);
    }

    /// A node that was to stop and has nothing left to do.
    pub(super) fn leave_if_done(&mut self, index: usize) {
        let Some(node) = self.places[index].node.as_ref() else { return };
        if !node.stopping || !node.is_done() {
            return;
        }
        let (name, empty) = (node.name, node.is_empty());
        let (now, wall) = (self.store_now(), node.hands.now(self.at).wall);
        if empty && self.store_is_up {
            self.store.rescue(&Rescue::HeldBy(name), limits::ROWS_PER_SWEEP, now, wall);
            self.committed();
        }
        self.kill(index);
    }

    pub(super) fn leave(&mut self, index: usize, asleep: bool) {
        let place = &mut self.places[index];
        place.away = Some((self.at, asleep));
        let (life, process) = (place.life, place.node.as_ref().map_or(0, |node| node.process));
        self.tally.add(if asleep { "sleeps" } else { "pauses" }, 1);
        self.fact(&Fact::Away(process, asleep));
        let span = self.chance.span(Span::from_millis(1_500), self.swarm.gone);
        self.after(span, Event::Back(index, life));
    }

    pub(super) fn back(&mut self, index: usize, life: u32) {
        let place = &mut self.places[index];
        if place.life != life {
            return;
        }
        let (Some((since, asleep)), Some(node)) = (place.away.take(), place.node.as_mut()) else {
            return;
        };
        let mut piled = core::mem::take(&mut place.piled);
        let process = node.process;
        if asleep {
            node.hands.slumber(self.at.since(since), self.at);
            // Timers slept too.
            piled.retain(|delivery| !matches!(delivery, Delivery::Timer(_)));
        }
        let timer = node.timer;
        let deadline = node.deadline;
        self.fact(&Fact::Back(process));
        if asleep {
            self.arm(index, deadline);
        } else {
            piled.push(Delivery::Timer(timer));
        }
        for delivery in piled {
            self.deliver(index, life, delivery);
        }
    }

    pub(super) fn set_clock(&mut self) {
        let Some(place) = self.awake_place().filter(|_| !self.healed) else { return };
        let far = self.chance.pick(&[2, 30, 600, 4_000]);
        let by = self.chance.span(Span::from_secs(-far), Span::from_secs(far));
        if let Some(node) = self.places[place].node.as_mut() {
            node.hands.set(by);
            self.tally.add("clock steps", 1);
            self.say(|_| format!("the clock of place {place} is set by {by}"));
        }
    }

    pub(super) fn heal(&mut self) {
        self.healed = true;
        self.wire = Wire::good();
        self.runs = Runs::good();
        self.store_is_up = true;
        self.fact(&Fact::Healed);
        for index in 0..self.places.len() {
            let life = self.places[index].life;
            self.back(index, life);
            self.up(index);
        }
        self.after(CALM, Event::Over);
    }

    pub(super) fn deliver(&mut self, index: usize, life: u32, delivery: Delivery) {
        let place = &mut self.places[index];
        if place.life != life {
            return;
        }
        if place.away.is_some() {
            place.piled.push(delivery);
            return;
        }
        let Some(node) = place.node.as_mut() else { return };
        match &delivery {
            Delivery::Timer(number) if *number != node.timer => return,
            Delivery::RunOver(run, outcome, ask) => {
                if node.runs.remove(&(run.job, run.token)).is_none() {
                    return;
                }
                let fact = Fact::Ended(*run, *outcome, *ask);
                self.fact(&fact);
            }
            _ => {}
        }
        // What was said before that clock was set back shows more than it does now.
        if delivery.planners_pulse().is_some_and(|pulse| pulse.store_now <= self.store_now()) {
            self.tower.heard(index, self.at);
        }
        let Some(node) = self.places[index].node.as_mut() else { return };
        let (effects, deadline) = node.turn(delivery, self.at);
        for effect in effects {
            self.carry_out(index, effect);
        }
        self.arm(index, deadline);
        self.leave_if_done(index);
    }

    /// Sets the alarm for the next turn of a node.
    pub(super) fn arm(&mut self, index: usize, deadline: Option<mainspring_core::time::Mono>) {
        let late = self.chance.span(Span::ZERO, Span::from_micros(300));
        let place = &mut self.places[index];
        let Some(node) = place.node.as_mut() else { return };
        node.timer += 1;
        node.deadline = deadline;
        if let Some(deadline) = deadline {
            let (span, timer) = (node.hands.until(deadline, self.at), node.timer);
            let life = place.life;
            self.after(span + late, Event::Deliver(index, life, Delivery::Timer(timer)));
        }
    }

    pub(super) fn carry_out(&mut self, index: usize, effect: Effect) {
        let life = self.places[index].life;
        let Some(node) = self.places[index].node.as_mut() else { return };
        match effect {
            Effect::Call(request) => {
                let (name, epoch) = (node.name, self.epoch);
                self.send(Sender { place: index, life, epoch, name }, request);
            }
            Effect::Run(job) if self.chance.odds(self.runs.unstarted) => {
                self.tally.add("runs that could not start", 1);
                let delivery = Delivery::Unstarted(job.id, job.token);
                self.after(self.soon(), Event::Deliver(index, life, delivery));
            }
            Effect::Run(job) => {
                let run = RunId { job: job.id, token: job.token, node: node.process };
                let stubborn = self.chance.odds(self.runs.stubborn);
                node.runs.insert((job.id, job.token), Run { stubborn, told: false });
                self.fact(&Fact::Began(run));
                let (span, outcome, ask) = self.fate();
                let over = Delivery::RunOver(run, outcome, ask);
                self.after(span, Event::Deliver(index, life, over));
            }
            Effect::Abort(job, token, why) => {
                let Some(there) = node.runs.get_mut(&(job, token)) else { return };
                let told = core::mem::replace(&mut there.told, true);
                let stubborn = there.stubborn;
                if told && self.bug == Some(Bug::AbortedLinger) {
                    return;
                }
                let run = RunId { job, token, node: node.process };
                self.tally.add("aborts", 1);
                self.say(|_| format!("job {job} is aborted: {why}"));
                if stubborn {
                    self.fact(&Fact::Stubborn(run));
                    return;
                }
                let grace = if why == Outcome::LeaseLost { Span::ZERO } else { self.runs.grace };
                let over = Delivery::RunOver(run, why, Ask::Nothing);
                let span = self.chance.span(Span::ZERO, grace);
                self.after(span, Event::Deliver(index, life, over));
            }
        }
    }

    /// How long a run takes, and how it ends.
    pub(super) fn fate(&mut self) -> (Span, Outcome, Ask) {
        let runs = self.runs;
        let chance = &mut self.chance;
        let span = chance.span(Span::ZERO, runs.longest);
        let wait = chance.span(Span::ZERO, Span::from_secs(20));
        if chance.odds(runs.snooze) {
            return (span, Outcome::Snoozed, Ask::Snooze(wait));
        }
        let ask = chance.maybe(runs.ask, &[Ask::GiveUp, Ask::RetryAfter(wait)]);
        let outcome = if chance.odds(runs.fail) {
            Outcome::Failed
        } else if chance.odds(runs.panic) {
            Outcome::Panicked
        } else {
            return (span, Outcome::Succeeded, Ask::Nothing);
        };
        (span, outcome, ask.unwrap_or_default())
    }
}
