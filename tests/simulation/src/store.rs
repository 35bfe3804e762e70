//! The store: the real ledger, which tells what each request did to it.

use std::collections::{BTreeMap, HashSet};

use mainspring_core::fire;
use mainspring_core::id::Token;
use mainspring_core::job::{Job, JobState};
use mainspring_core::ledger::Ledger;
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::pulse::Pulse;
use mainspring_core::room::Boxed;
use mainspring_core::schedule::Schedule;
use mainspring_core::task::Task;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::verb::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Conflict, Ended, Enqueue, Enqueued,
    Paused, Put, PutSchedule, Quarantine, Release, Remove, Renew, Renewed, Rescue, Resume, Resumed,
    Retry, Settle, Written,
};

use crate::bug::Bug;
use crate::domain::{Arguments, Sim};
use crate::fact::{Commit, Verb};
use crate::records::Records;

/// A store that says what it did.
#[derive(Debug)]
pub(crate) struct Store {
    ledger: Ledger<Sim, Boxed, Boxed, Boxed>,
    records: Records,
    /// The jobs as they were after the last request.
    known: BTreeMap<u64, Job<Sim>>,
    commits: Vec<Commit>,
    bug: Option<Bug>,
    /// Counts requests, for bugs that show now and then.
    count: u64,
}

impl Store {
    /// An empty store with room for so many jobs, with a planted bug or none.
    pub(crate) fn new(jobs: usize, bug: Option<Bug>) -> Self {
        Self {
            ledger: Ledger::new(Boxed(16), Boxed(24), Boxed(jobs)),
            records: Records::new(bug == Some(Bug::EndsForgotten)),
            known: BTreeMap::new(),
            commits: Vec::new(),
            bug,
            count: 0,
        }
    }

    /// What was committed since this was last asked.
    pub(crate) fn commits(&mut self) -> Vec<Commit> {
        core::mem::take(&mut self.commits)
    }

    /// What every reply carries.
    pub(crate) fn pulse(&mut self, now: Timestamp) -> Pulse {
        self.ledger.pulse(now)
    }

    /// A schedule, for a person to look at.
    pub(crate) fn schedule(&self, id: u16) -> Option<&Schedule<Sim>> {
        self.ledger.schedules().map(|(schedule, _)| schedule).find(|one| one.spec.id == id)
    }

    /// The jobs that are not over.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Job<Sim>> {
        self.ledger.jobs()
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Notes what a request did.
    fn note(&mut self, verb: Verb) {
        let (mut born, mut changed) = (Vec::new(), Vec::new());
        let mut count = 0;
        for job in self.ledger.jobs() {
            count += 1;
            match self.known.get_mut(&job.id) {
                None => born.push(job.clone()),
                Some(known) if known != job => {
                    changed.push((core::mem::replace(known, job.clone()), job.clone()));
                }
                Some(_) => {}
            }
        }
        let mut gone = Vec::new();
        if count != self.known.len() + born.len() {
            let there: HashSet<u64> = self.ledger.jobs().map(|job| job.id).collect();
            gone.extend(self.known.extract_if(.., |id, _| !there.contains(id)).map(|(_, job)| job));
        }
        self.known.extend(born.iter().map(|job| (job.id, job.clone())));
        let skips = core::mem::take(&mut self.records.skips);
        let runs = core::mem::take(&mut self.records.runs);
        self.commits.push(Commit { verb, skips, runs, born, changed, gone });
    }

    /// Makes a task known.
    pub(crate) fn put_task(&mut self, task: Task<Sim>) {
        let max_running = task.max_running.filter(|_| !self.has(Bug::LimitIgnored));
        let done = self.ledger.put_task(Task { max_running, ..task.clone() });
        assert!(done.is_ok(), "there is room for every task");
        self.note(Verb::PutTask(task));
    }

    /// Puts a schedule.
    pub(crate) fn put(&mut self, put: PutSchedule<Sim>, now: Timestamp) {
        let (spec, next) = (Box::new(put.spec.clone()), put.next);
        let mut put = put;
        if self.has(Bug::OverlapIgnored) {
            put.spec.policies.overlap = Overlap::Allow;
        }
        let answer = self.ledger.put_schedule(put, now);
        let answer: Put = answer.expect("there is room for every schedule");
        self.note(Verb::Put(spec, next, answer));
    }

    /// Removes a schedule.
    pub(crate) fn remove(&mut self, id: u16) {
        let mut removed = Vec::new();
        self.ledger.remove_schedules(&Remove::Named(&[id]), |id| removed.push(*id));
        self.note(Verb::Remove(removed));
    }

    /// Pauses a schedule.
    pub(crate) fn pause(&mut self, id: u16, now: Timestamp) {
        let ignored = self.has(Bug::PauseIgnored) && self.schedule(id).is_some();
        let answer = if ignored { Paused::Done } else { self.ledger.pause(&id, now) };
        self.note(Verb::Pause(id, answer));
    }

    /// Resumes a schedule from where somebody wants it.
    pub(crate) fn resume(&mut self, mut resume: Resume<Sim>, point: fire::Resume) -> Resumed {
        if self.has(Bug::ResumeUnrecorded) {
            resume.skip = None;
        }
        let answer = self.ledger.resume(&resume, &mut self.records);
        self.note(Verb::Resume(resume.schedule, point, answer));
        answer
    }

    /// Hands out schedules.
    pub(crate) fn claim_schedules(
        &mut self,
        claim: &ClaimSchedules<Sim>,
        now: Timestamp,
    ) -> Vec<Schedule<Sim>> {
        let mut claimed = Vec::new();
        self.ledger.claim_schedules(claim, now, |schedule| claimed.push(schedule.clone()));
        claimed
    }

    /// Carries out a planner's decision.
    pub(crate) fn advance(&mut self, advance: &Advance<Sim>, now: Timestamp) -> Advanced {
        self.count += 1;
        let revision = |store: &Self| store.schedule(advance.schedule).map(|one| one.revision);
        let before = revision(self);
        let mut spoilt = advance.clone();
        match self.bug {
            Some(Bug::StaleDecisions) => spoilt.revision = before.unwrap_or(advance.revision),
            Some(Bug::SplitAdvance) if self.count.is_multiple_of(20) => spoilt.fires.clear(),
            Some(Bug::SkipsDropped) => spoilt.skips.clear(),
            Some(Bug::ReadyIgnored) => {
                spoilt.fires.iter_mut().for_each(|fire| fire.ready_at = fire.at);
            }
            _ => {}
        }
        let answer = self.ledger.advance(&spoilt, now, self.records.at(now));
        let moved = before != revision(self);
        self.note(Verb::Advance { advance: Box::new(advance.clone()), answer, moved });
        answer
    }

    /// Takes a schedule out of service that cannot be read.
    pub(crate) fn quarantine(&mut self, quarantine: Quarantine<Sim>) {
        let there = self.schedule(quarantine.schedule).map(|one| one.revision);
        let mut spoilt = quarantine.clone();
        if self.has(Bug::StaleQuarantine) {
            spoilt.revision = there.unwrap_or(quarantine.revision);
        }
        self.ledger.quarantine(spoilt);
        let moved = there != self.schedule(quarantine.schedule).map(|one| one.revision);
        self.note(Verb::Quarantine(quarantine, moved));
    }

    /// Forgets what was recorded before, and says how many records went.
    pub(crate) fn prune(&mut self, before: Timestamp, max: u32) -> u32 {
        let everything = self.has(Bug::PrunesAll);
        let pruned = self.records.prune(if everything { Timestamp::MAX } else { before }, max);
        self.note(Verb::Prune(before, pruned));
        pruned
    }

    /// Queues a job.
    pub(crate) fn enqueue(&mut self, request: Enqueue<Sim>, now: Timestamp) {
        let mut spoilt = request.clone();
        let replaces = matches!(spoilt.unique, Some((_, Conflict::Replace)));
        if self.has(Bug::ReplaceUnchecked) && replaces {
            spoilt.unique = None;
        }
        let answer: Option<Enqueued<u64>> =
            self.ledger.enqueue(spoilt, now, self.records.at(now)).ok();
        self.note(Verb::Enqueue(Box::new(request), answer));
    }

    /// Hands out jobs. Those whose rows cannot be read it settles, and they leave room for others,
    /// as stores do that have rows.
    pub(crate) fn claim_jobs(
        &mut self,
        claim: &ClaimJobs<'_, Sim>,
        now: Timestamp,
    ) -> Vec<Job<Sim>> {
        let all = if self.has(Bug::TagsIgnored) { &u8::MAX } else { claim.tags };
        let (mut claimed, mut damaged) = (Vec::new(), Vec::new());
        loop {
            let open = claim.max - u32::try_from(claimed.len()).unwrap_or(claim.max);
            let spoilt = ClaimJobs { tags: all, max: open, ..claim.clone() };
            let before = claimed.len();
            self.ledger.claim_jobs(&spoilt, now, |job| match job.payload {
                Arguments::None => claimed.push(job.clone()),
                Arguments::Unreadable => damaged.push((job.id, job.token)),
            });
            if claimed.len() == before && damaged.is_empty() {
                return claimed;
            }
            let last = damaged.is_empty() || self.has(Bug::UnreadableStay);
            damaged.drain(..).for_each(|(job, token)| self.bury(job, token, now));
            let (node, tasks, tags) = (claim.node, claim.tasks.to_vec(), *claim.tags);
            self.note(Verb::Claim { node, tasks, tags });
            if last {
                return claimed;
            }
        }
    }

    /// Settles a job that cannot be read, within the claim that found it.
    fn bury(&mut self, job: u64, token: Token, now: Timestamp) {
        let records = self.records.at(now);
        let answer = if self.bug == Some(Bug::UnreadableStay) {
            self.ledger.release(&Release { job, token }, now, records)
        } else {
            let outcome = Outcome::Undecodable;
            let ended = Ended { outcome, started_at: None, finished_at: now, detail: None };
            self.ledger.settle(&Settle { job, token, ended }, now, records)
        };
        assert_eq!(answer, Written::Done, "the claim holds it");
    }

    /// Prolongs a lease.
    pub(crate) fn renew(&mut self, renew: &Renew<Sim>, now: Timestamp) -> Renewed {
        let answer = self.ledger.renew(renew, now);
        self.note(Verb::Renew(renew.clone(), answer != Renewed::LeaseLost));
        answer
    }

    /// The token that a write is judged by.
    fn fenced(&self, job: u64, token: Token) -> Token {
        let current = self.known.get(&job).map(|job| job.token);
        if self.has(Bug::StaleWrites) { current.unwrap_or(token) } else { token }
    }

    /// Takes a job back.
    pub(crate) fn release(&mut self, release: &Release<Sim>, now: Timestamp) -> Written {
        let token = self.fenced(release.job, release.token);
        let spoilt = Release { token, ..release.clone() };
        let answer = self.ledger.release(&spoilt, now, self.records.at(now));
        self.note(Verb::Release(release.clone(), answer));
        answer
    }

    /// Records an attempt.
    pub(crate) fn retry(&mut self, retry: &Retry<Sim>, now: Timestamp) -> Written {
        let token = self.fenced(retry.job, retry.token);
        let after = if self.has(Bug::BackoffIgnored) { Span::ZERO } else { retry.after };
        let spoilt = Retry { token, after, ..retry.clone() };
        let answer = self.ledger.retry(&spoilt, now, self.records.at(now));
        self.note(Verb::Retry(retry.clone(), answer));
        answer
    }

    /// Records a last attempt.
    pub(crate) fn settle(&mut self, settle: &Settle<Sim>, now: Timestamp) -> Written {
        let token = self.fenced(settle.job, settle.token);
        let spoilt = Settle { token, ..settle.clone() };
        let answer = self.ledger.settle(&spoilt, now, self.records.at(now));
        self.note(Verb::Settle(settle.clone(), answer));
        answer
    }

    /// Cancels a job.
    pub(crate) fn cancel(&mut self, job: u64, now: Timestamp) {
        let state = self.known.get(&job).map(|job| &job.state);
        let leased = matches!(state, Some(JobState::Leased { .. }));
        let answer = if self.has(Bug::CancelForgotten) && leased {
            Cancelled::Asked
        } else {
            self.ledger.cancel(&job, now, self.records.at(now))
        };
        self.note(Verb::Cancel(job, answer));
    }

    /// Takes care of lapsed jobs; `node_now` is what the asking node's clock shows.
    pub(crate) fn rescue(
        &mut self,
        rescue: &Rescue<Sim>,
        max: u32,
        now: Timestamp,
        node_now: Timestamp,
    ) {
        let judged_at = match self.bug {
            // One that is behind would only ask again and again.
            Some(Bug::NodeClockJudges) => node_now.max(now),
            Some(Bug::LiveRescued) => now + Span::from_secs(10),
            _ => now,
        };
        if self.has(Bug::LossesUncounted) {
            let lapsed = |job: &&Job<Sim>| match &job.state {
                JobState::Leased { lease, .. } => lease.until <= now,
                _ => false,
            };
            let lapsed: Vec<_> = self.known.values().filter(lapsed).cloned().collect();
            for job in lapsed {
                let release = Release { job: job.id, token: job.token };
                let _ = self.ledger.release(&release, now, self.records.at(now));
            }
        }
        self.ledger.rescue(rescue, max, judged_at, self.records.at(now));
        self.note(Verb::Rescue(rescue.clone()));
    }
}
