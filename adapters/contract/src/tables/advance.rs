//! Moves cursors and turns fires into jobs.
//!
//! Everything that a decision rests on is locked first, for all schedules of a request at once;
//! then it is decided in memory; then it is written, again for all at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use mainspring_core::fire::Skip;
use mainspring_core::job::Change;
use mainspring_core::overlap::{Admission, Live, Overlap};
use mainspring_core::schedule::{Next, Step};
use mainspring_core::time::Timestamp;

use super::chain::{self, Chains};
use super::finish::End;
use super::work::{Work, in_rounds};
use super::{Claim, Done, Tables};
use crate::record::{Advance, Advanced, Job, Schedule, Task};
use crate::store::Place;
use crate::{JobId, ScheduleId, TaskId};

/// What is to be written for one schedule.
#[derive(Default)]
struct Decided {
    jobs: Vec<Job>,
    /// Fires that meet an earlier job.
    overlapped: Option<Skip>,
    /// Earlier jobs that are cancelled.
    cancelled: Vec<JobId>,
    /// Earlier jobs of whose end the schedule did not have to hear, and now does.
    watched: Vec<JobId>,
    /// The first fire for which the limit had nothing left. What lies behind it is no fire.
    cut_at: Option<Timestamp>,
    /// A job is left of whose end the schedule will hear, besides the new ones.
    awaited: bool,
}

/// What is known and does not change until everything is written.
struct Facts {
    tasks: HashMap<TaskId, Task>,
    chains: Chains,
    /// Of schedules whose fires are certain to overlap: by what. Their chains are not locked.
    crowded: BTreeMap<ScheduleId, Live>,
    known: HashSet<JobId>,
    now: Timestamp,
}

impl<T: Tables> Work<T> {
    /// Moves cursors and turns fires into jobs.
    pub(super) async fn advance(&mut self, advances: &[Advance]) -> Done<Vec<Advanced>> {
        in_rounds!(self, advances, |advance| &advance.schedule, advance_round)
    }

    async fn advance_round(&mut self, advances: &[Advance]) -> Done<Vec<Advanced>> {
        self.lock(advances.iter().map(|advance| advance.schedule.clone()).collect()).await?;
        let before: Vec<Option<Advanced>> =
            advances.iter().map(|advance| self.before_advance(advance)).collect();
        let go = advances.iter().zip(&before).filter(|(_, before)| before.is_none());
        let go: Vec<&Advance> = go.map(|(advance, _)| advance).collect();
        let mut done = Vec::new().into_iter();
        if !go.is_empty() {
            let decided = self.decide_all(&go).await?;
            done = self.write_advances(&go, decided).await?.into_iter();
        }
        Ok(before.into_iter().filter_map(|before| before.or_else(|| done.next())).collect())
    }

    /// The answer to a decision that was made about another state of the schedule, or was carried
    /// out before; `None`, if it is to be carried out.
    fn before_advance(&self, advance: &Advance) -> Option<Advanced> {
        let Some(schedule) = self.schedule(&advance.schedule) else { return Some(Advanced::Stale) };
        if schedule.is_advanced(advance.revision, advance.next) {
            return Some(Advanced::Done { revision: schedule.revision, inserted: 0 });
        }
        let stale = schedule.due().is_none() || schedule.revision != advance.revision;
        stale.then_some(Advanced::Stale)
    }

    /// Locks what the decisions rest on, and decides.
    async fn decide_all(&mut self, go: &[&Advance]) -> Done<Vec<Decided>> {
        let (mut tasks, mut chained) = (Vec::<TaskId>::new(), BTreeSet::new());
        let mut contested = BTreeSet::new();
        let mut doubtful = Vec::new();
        for advance in go {
            let Some(schedule) = self.schedule(&advance.schedule) else { continue };
            let fires = !advance.fires.is_empty();
            if fires {
                tasks.push(schedule.spec.task.clone());
            }
            let allows = schedule.spec.policies.overlap == Overlap::Allow;
            if advance.next == Next::AfterRun {
                chained.insert(advance.schedule.clone());
            } else if fires && !allows {
                contested.insert(advance.schedule.clone());
            }
            if !allows || room(schedule) < advance.fires.len() {
                doubtful.extend(advance.fires.iter().map(|fire| fire.job));
            }
        }
        let crowded = self.crowded(&contested).await?;
        chained.extend(contested.into_iter().filter(|id| !crowded.contains_key(id)));
        let facts = Facts {
            tasks: self.tasks(tasks).await?,
            chains: self.chains(chained).await?,
            crowded,
            known: self.known(doubtful).await?,
            now: self.now(),
        };
        let decide = |advance: &&Advance| {
            let schedule = self.schedule(&advance.schedule);
            schedule.map_or_else(Decided::default, |schedule| facts.decide(schedule, advance))
        };
        Ok(go.iter().map(decide).collect())
    }

    /// Those of these jobs that exist, or existed and are over.
    pub(super) async fn known(&mut self, mut ids: Vec<JobId>) -> Done<HashSet<JobId>> {
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let known = self.tables.known(&ids).await?;
        Ok(ids.into_iter().zip(known).filter(|(_, known)| *known).map(|(id, _)| id).collect())
    }

    async fn write_advances(
        &mut self,
        go: &[&Advance],
        decided: Vec<Decided>,
    ) -> Done<Vec<Advanced>> {
        let of = |ids: fn(&Decided) -> &Vec<JobId>| -> Vec<JobId> {
            decided.iter().flat_map(ids).copied().collect()
        };
        let (watched, cancelled) = (of(|one| &one.watched), of(|one| &one.cancelled));
        if !watched.is_empty() {
            self.tables.watch(&watched).await?;
        }
        self.cancel_all(&cancelled).await?;
        let jobs: Vec<Job> = decided.iter().flat_map(|one| &one.jobs).cloned().collect();
        let mut inserted = if jobs.is_empty() {
            Vec::new().into_iter()
        } else {
            self.tables.insert_jobs(&jobs).await?.into_iter()
        };
        let now = self.now();
        let (mut answers, mut skips, mut claims) = (Vec::new(), Vec::new(), Vec::new());
        for (advance, one) in go.iter().zip(decided) {
            let id = &advance.schedule;
            let new: Vec<&Job> =
                one.jobs.iter().filter(|_| inserted.next() == Some(true)).collect();
            skips.extend(one.overlapped.map(|skip| (id.clone(), skip)));
            let step = Step {
                next: advance.next,
                last_fire_at: new.last().and_then(|job| job.fire_at),
                inserted: u32::try_from(new.len()).unwrap_or(u32::MAX),
                awaited: one.awaited || new.iter().any(|job| job.watched),
            };
            let inserted = step.inserted;
            answers.push(match self.schedule_mut(id) {
                Some(schedule) => {
                    schedule.advance(step, now);
                    let is_there = |skip: &&Skip| one.cut_at.is_none_or(|cut| skip.from < cut);
                    let there = advance.skips.iter().filter(is_there);
                    skips.extend(there.map(|skip| (id.clone(), *skip)));
                    Advanced::Done { revision: schedule.revision, inserted }
                }
                None => Advanced::Stale,
            });
            let claim = advance.keep_for.map_or(Claim::GivenUp, |span| Claim::Until(now + span));
            claims.push((id.clone(), claim));
        }
        if !skips.is_empty() {
            self.tables.note_skips(&skips).await?;
        }
        self.update(&claims).await?;
        Ok(answers)
    }

    /// Cancels jobs of locked schedules.
    pub(super) async fn cancel_all(&mut self, ids: &[JobId]) -> Done<()> {
        let jobs = self.lock_jobs(ids).await?.into_iter().flatten();
        let ends = jobs.map(|job| End { job, change: Change::Cancel, ended: None });
        let done = self.end_all(ends.collect()).await?;
        debug_assert!(done.iter().all(Result::is_ok), "a job that is not over can be cancelled");
        Ok(())
    }
}

/// How many more fires of a schedule may become jobs.
fn room(schedule: &Schedule) -> usize {
    let left = schedule.policies().limit;
    left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX))
}

impl Facts {
    /// Which fires become jobs, as far as overlap and what is left of the limit allow.
    fn decide(&self, schedule: &Schedule, advance: &Advance) -> Decided {
        let (spec, left) = (&schedule.spec, room(schedule));
        let overlap = spec.policies.overlap;
        let none = Vec::new();
        let links = self.chains.get(&spec.id).unwrap_or(&none);
        let crowd = self.crowded.get(&spec.id).copied();
        let mut live = crowd.unwrap_or_else(|| chain::live(links, None));
        let mut decided = Decided::default();
        let mut cancels = false;
        for (index, fire) in advance.fires.iter().enumerate() {
            if decided.jobs.len() == left {
                decided.cut_at = Some(fire.at);
                break;
            }
            // A job that is known is not inserted again, and must not count as one more either.
            if self.known.contains(&fire.job) {
                continue;
            }
            let last = index + 1 == advance.fires.len();
            if overlap == Overlap::Cancel && last {
                cancels = true;
                live = chain::live(links.iter().filter(|link| link.place == Place::Leased), None);
            }
            let admission = overlap.admit(live.settle(), last);
            let Some(task) = self.tasks.get(&spec.task) else { break };
            let Some(mut job) = fire.job(spec, task, self.now).admitted(admission) else {
                decided.overlapped = Some(Skip::overlapped(decided.overlapped, fire.at));
                continue;
            };
            // One that is held must not miss its end.
            job.watched |= live.held > 0;
            admit(&mut live, admission);
            decided.jobs.push(job);
        }
        if cancels {
            decided.cancelled = links.iter().map(|link| link.job).collect();
        }
        let stay = links.iter().filter(|link| !cancels || link.place == Place::Leased);
        if live.held > 0 {
            let unwatched = stay.clone().filter(|link| !link.watched);
            decided.watched = unwatched.map(|link| link.job).collect();
        }
        decided.awaited = !decided.watched.is_empty() || stay.clone().any(|link| link.watched);
        decided
    }
}

/// One more job is there.
fn admit(live: &mut Live, admission: Admission) {
    match admission {
        Admission::Ready => live.free += 1,
        Admission::Held => live.held += 1,
        Admission::Overlapped => {}
    }
}
