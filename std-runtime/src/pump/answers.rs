//! What the pump makes of the answers of its store.

use mainspring_contract::broker::{Hints, Named};
use mainspring_contract::record::{
    Advance, Advanced, Job, Quarantine, Renew, Run, Schedule, Written,
};
use mainspring_contract::store::Reply;
use mainspring_contract::{Answer, JobId};
use mainspring_core::id::{Ticket, Token};
use mainspring_core::planner::{self, Down};
use mainspring_core::pulse::Pulse;
use mainspring_core::table::Full;
use mainspring_core::verb::{Release, Renewed};
use mainspring_core::worker::{self, Suspects};

use super::Pump;
use crate::plan;
use crate::request::Answered;
use crate::telemetry::Telemetry;

impl Pump {
    /// Takes in an answer of the store.
    pub(super) fn answered(&mut self, answered: Answered) {
        use Answered as A;
        match answered {
            A::ClaimSchedules(ticket, answer) => {
                let result = self.checked("claim schedules", answer).map(|reply| {
                    self.planner_look.found(reply.value.len());
                    reply.value.into_iter().for_each(|schedule| self.adopt_schedule(schedule));
                    reply.pulse
                });
                self.plan_input(planner::Input::Claimed { ticket, result });
            }
            A::ClaimJobs(ticket, answer) => {
                let reply = self.checked("claim jobs", answer);
                self.claimed(ticket, reply);
            }
            A::SettleAndClaim(tickets, settles, ticket, answer) => {
                let reply = self.checked("settle and claim", answer);
                let (written, claimed) = apart(reply);
                let jobs = settles.iter().map(|settle| (settle.job, settle.token));
                self.written(SETTLE, tickets, jobs, written);
                self.claimed(ticket, claimed);
            }
            A::Rescue(ticket, answer) => self.rescued(ticket, answer),
            A::Prune(ticket, answer) => {
                let result = self.checked("prune", answer).map(|reply| {
                    self.telemetry.pruned(reply.value);
                    (reply.value, reply.pulse)
                });
                self.plan_input(planner::Input::Pruned { ticket, result });
            }
            A::Quarantine(answer) => {
                // If the store is down, the claim ends, and the next one finds the same again.
                let _ = self.checked("quarantine", answer);
            }
            A::Beat(answer) => {
                let _ = self.checked("beat", answer);
                self.heart.beaten();
            }
            A::Advance(tickets, advances, answer) => self.advanced(tickets, advances, answer),
            A::Renew(tickets, renews, answer) => self.renewed(tickets, renews, answer),
            A::Release(tickets, releases, answer) => {
                let reply = self.checked(RELEASE, answer);
                if reply.is_ok() {
                    // Of which tasks they are is not worth knowing: it is rare.
                    self.neighbours.tell(Hints { ready: Named::Any, ..Hints::default() });
                }
                let jobs = releases.iter().map(|release| (release.job, release.token));
                self.written(RELEASE, tickets, jobs, reply);
            }
            A::Retry(tickets, retries, answer) => {
                let reply = self.checked("retry", answer);
                let jobs = retries.iter().map(|retry| (retry.job, retry.token));
                self.written("retry", tickets, jobs, reply);
            }
            A::Settle(tickets, settles, answer) => {
                let reply = self.checked(SETTLE, answer);
                let jobs = settles.iter().map(|settle| (settle.job, settle.token));
                self.written(SETTLE, tickets, jobs, reply);
            }
        }
    }

    fn renewed(&mut self, tickets: Vec<Ticket>, renews: Vec<Renew>, answer: Answer<Vec<Renewed>>) {
        let reply = self.checked("renew", answer);
        let answers = spread(tickets.len(), "renew", reply, &self.telemetry);
        for ((ticket, renew), result) in tickets.into_iter().zip(renews).zip(answers) {
            if let Ok((Renewed::LeaseLost, _)) = result {
                self.telemetry.lease_lost(renew.job, "renew");
            }
            let result = result.map(|(renewed, _)| renewed);
            self.work_input(worker::Input::Renewed { ticket, job: renew.job, result });
        }
    }

    fn rescued(&mut self, ticket: Ticket, answer: Answer<Vec<Run>>) {
        let result = self.checked("rescue", answer).map(|reply| {
            for run in &reply.value {
                self.telemetry.rescued(run);
                if run.settled {
                    self.over(run.job);
                } else {
                    self.neighbours.ready(&run.task);
                }
            }
            self.share(reply.pulse, !reply.value.is_empty());
            reply.pulse
        });
        self.plan_input(planner::Input::Rescued { ticket, result });
    }

    fn advanced(
        &mut self,
        tickets: Vec<Ticket>,
        advances: Vec<Advance>,
        answer: Answer<Vec<Advanced>>,
    ) {
        let reply = self.checked("advance", answer);
        let answers = spread(tickets.len(), "advance", reply, &self.telemetry);
        for ((ticket, advance), result) in tickets.into_iter().zip(advances).zip(answers) {
            let schedule = advance.schedule;
            match result {
                Ok((Advanced::Done { inserted, .. }, pulse)) => {
                    advance.skips.iter().for_each(|skip| self.telemetry.skipped(&schedule, skip));
                    // A decision that was repeated inserts nothing, and has inserted before.
                    self.share(pulse, inserted > 0 || !advance.fires.is_empty());
                    if !advance.fires.is_empty() {
                        self.neighbours.tell(self.known.fired(&schedule));
                        let suspects = Suspects::Schedule(schedule.clone());
                        self.work_input(worker::Input::Verify(suspects));
                    }
                }
                Ok((Advanced::Full, _)) => self.telemetry.store_is_full(&schedule),
                Ok((Advanced::Stale, _)) | Err(Down) => {}
            }
            self.plan_input(planner::Input::Advanced { ticket, schedule, result });
        }
    }

    fn claimed(&mut self, ticket: Ticket, reply: Result<Reply<Vec<Job>>, Down>) {
        let result = reply.map(|reply| {
            self.worker_look.found(reply.value.len());
            // The end of a job that could not be read may have set its schedule's next instant.
            self.plan_input(planner::Input::Pulse(reply.pulse));
            let count = u32::try_from(reply.value.len()).unwrap_or(u32::MAX);
            reply.value.into_iter().for_each(|job| self.adopt_job(job));
            (count, reply.pulse)
        });
        self.work_input(worker::Input::Claimed { ticket, result });
    }

    fn written(
        &mut self,
        verb: &'static str,
        tickets: Vec<Ticket>,
        jobs: impl Iterator<Item = (JobId, Token)>,
        reply: Result<Reply<Vec<Written>>, Down>,
    ) {
        if let Ok(reply) = &reply {
            self.plan_input(planner::Input::Pulse(reply.pulse));
        }
        let answers = spread(tickets.len(), verb, reply, &self.telemetry);
        for ((ticket, (job, token)), result) in tickets.into_iter().zip(jobs).zip(answers) {
            if matches!(result, Ok((Written::Done, _))) && verb != RELEASE {
                self.telemetry.run_recorded(job, token);
            }
            match result {
                Ok((Written::LeaseLost, _)) => self.telemetry.lease_lost(job, verb),
                Ok((Written::Done, _)) if verb == SETTLE => self.over(job),
                Ok((Written::Done, _)) => self.waiting.look(job),
                Err(Down) => {}
            }
            self.work_input(worker::Input::Written { ticket, job, result });
        }
    }

    /// Tells the worker what a reply to the planner says about jobs.
    fn share(&mut self, pulse: Pulse, new_jobs: bool) {
        self.work_input(worker::Input::Pulse(pulse));
        if new_jobs {
            self.work_input(worker::Input::Hint);
        }
    }

    fn adopt_schedule(&mut self, schedule: Schedule) {
        match plan::plan_of(&schedule.spec, &self.triggers, &self.zones) {
            // A full window leaves the schedule to whoever claims it next.
            Ok(plan) => {
                if self.neighbours.are_told() {
                    self.known.learn(&schedule);
                }
                drop(self.planner.adopt(&schedule, plan));
            }
            Err(reason) => {
                self.telemetry.quarantined(&schedule.spec.id, &reason);
                let (revision, schedule) = (schedule.revision, schedule.spec.id);
                self.batch.quarantine.push(Quarantine { schedule, revision, reason });
            }
        }
    }

    fn adopt_job(&mut self, job: Job) {
        if let Err(Full(job)) = self.worker.adopt(job, self.now) {
            let release = Release { job: job.id, token: job.token };
            // A ticket that no output has: the worker does not wait for the answer.
            self.batch.release.push((Ticket::default(), release));
        }
    }

    /// Reports a failure of the store, and the end of it.
    pub(super) fn checked<T>(&mut self, verb: &str, answer: Answer<T>) -> Result<Reply<T>, Down> {
        match answer {
            Ok(reply) => {
                self.heart.heard(reply.pulse.store_now, self.now);
                self.time.correct(self.heart.correction());
                if core::mem::take(&mut self.store_is_down) {
                    self.telemetry.store_is_back();
                }
                Ok(reply)
            }
            Err(error) => {
                self.store_is_down = true;
                *self.telemetry.store_failure() = Some(error.to_string());
                self.telemetry.store_failed(verb, &error);
                Err(Down)
            }
        }
    }
}

/// The two answers of a call that asked for two things.
fn apart<A, B>(
    reply: Result<Reply<(A, B)>, Down>,
) -> (Result<Reply<A>, Down>, Result<Reply<B>, Down>) {
    match reply {
        Ok(Reply { value: (a, b), pulse }) => {
            (Ok(Reply { value: a, pulse }), Ok(Reply { value: b, pulse }))
        }
        Err(Down) => (Err(Down), Err(Down)),
    }
}

/// The answer to each item of a batch. An item that the store forgot to answer is asked again.
fn spread<T: Copy>(
    count: usize,
    verb: &str,
    reply: Result<Reply<Vec<T>>, Down>,
    telemetry: &Telemetry,
) -> impl Iterator<Item = Result<(T, Pulse), Down>> + use<T> {
    let answers = reply.map(|Reply { value, pulse }| {
        if value.len() != count {
            telemetry.answers_missing(verb, count, value.len());
        }
        value.into_iter().map(move |one| Ok((one, pulse)))
    });
    answers.into_iter().flatten().chain(core::iter::repeat(Err(Down))).take(count)
}

/// The verb that ends jobs.
const SETTLE: &str = "settle";
const RELEASE: &str = "release";
