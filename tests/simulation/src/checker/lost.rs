//! No fire lost: a naive model steps through every trigger, one fire after the other, and each must
//! have become a job or be covered by one record that says why not.
//!
//! The model knows what people wrote down and what the store has committed. It holds the decisions
//! of planners against its own list of fires, in the manner of the analysis that Jepsen made of
//! Chronos (2015): targets on one side, what happened on the other.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use mainspring_core::domain::Origin;
use mainspring_core::fire::{Resume, Skip, SkipReason};
use mainspring_core::schedule::{Coalesce, Next, Spec};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Count, Trigger};
use mainspring_core::verb::{Advance, Put, Resumed};

use super::{Book, CLOCKS_APART, Checker};
use crate::domain::{Sim, Timer};
use crate::fact::{Commit, Fact, Moment, Verb};
use crate::swarm::Swarm;

#[derive(Debug)]
pub(super) struct Lost {
    crowded: bool,
    lives: BTreeMap<u16, Life>,
    /// Fires that are or were jobs.
    jobs: HashSet<(u16, Timestamp)>,
}

/// One schedule, from its first put to its removal.
#[derive(Debug)]
struct Life {
    spec: Spec<Sim>,
    /// `None` if it cannot be read.
    timer: Option<Timer>,
    /// The first fire about which nothing was decided.
    cursor: Next,
    /// How many fires became jobs.
    fired: u32,
    /// When somebody last wrote it down.
    edited_at: Timestamp,
}

impl Checker for Lost {
    fn see(&mut self, fact: &Fact, moment: Moment, book: &Book) -> Result<(), String> {
        match fact {
            Fact::Commit(commit) => self.commit(commit, moment, book),
            Fact::Over => self.over(moment, book),
            _ => Ok(()),
        }
    }
}

impl Lost {
    pub(super) fn new(swarm: &Swarm) -> Self {
        let crowded = swarm.plans < usize::from(swarm.schedules) || swarm.jobs < 16;
        Self { crowded, lives: BTreeMap::new(), jobs: HashSet::new() }
    }

    fn commit(&mut self, commit: &Commit, moment: Moment, book: &Book) -> Result<(), String> {
        for job in commit.born.iter().filter(|job| job.origin == Origin::Fire) {
            if let (Some(schedule), Some(at)) = (job.schedule, job.fire_at) {
                self.jobs.insert((schedule, at));
            }
        }
        self.runs_end(commit, moment, book);
        match &commit.verb {
            Verb::Put(spec, next, put) => self.put(spec, *next, *put, moment, book),
            Verb::Remove(ids) => ids.iter().for_each(|id| {
                self.lives.remove(id);
            }),
            Verb::Resume(id, point, Resumed::Done) => self.resumed(*id, *point, commit)?,
            Verb::Advance { advance, moved: true, .. } => {
                self.decided(advance, commit, moment, book)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A fixed delay counts from the end of the last job that its schedule watches.
    fn runs_end(&mut self, commit: &Commit, moment: Moment, book: &Book) {
        let gone = |id: u64| commit.gone.iter().any(|gone| gone.id == id);
        for job in commit.gone.iter().filter(|job| job.watched) {
            let Some(life) = job.schedule.and_then(|id| self.lives.get_mut(&id)) else { continue };
            if book.of_schedule(life.spec.id).any(|job| job.watched && !gone(job.id)) {
                continue;
            }
            if let (Next::AfterRun, Some(delay)) = (life.cursor, life.spec.policies.after_run) {
                life.cursor = Next::At(moment.store + delay);
            }
        }
    }

    fn put(&mut self, spec: &Spec<Sim>, next: Next, put: Put, moment: Moment, book: &Book) {
        let spec = spec.clone();
        let timer = Timer::read(spec.trigger);
        match put {
            Put::Created => {
                let edited_at = moment.store;
                self.lives.insert(spec.id, Life { spec, timer, cursor: next, fired: 0, edited_at });
            }
            Put::Replaced => {
                let Some(life) = self.lives.get_mut(&spec.id) else { return };
                let out = book.schedules.get(&spec.id).is_some_and(|page| page.quarantined);
                let owed = life.cursor.at().is_some_and(|at| at <= moment.store);
                if out || !(owed || life.keeps_cursor(&spec)) {
                    life.cursor = next;
                }
                (life.spec, life.timer, life.edited_at) = (spec, timer, moment.store);
            }
            _ => {}
        }
    }

    fn resumed(&mut self, id: u16, point: Resume, commit: &Commit) -> Result<(), String> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let skips: Vec<Skip> = skips_of(commit, id);
        if life.spec.policies.after_run.is_some() {
            let Resume::At(from) = point else { return Ok(()) };
            match life.cursor {
                Next::At(at) if at < from => {
                    if !skips.iter().any(|skip| skip.from == at && skip.to == at) {
                        return Err(format!("schedule {id} is resumed from {from}: {at} is lost"));
                    }
                }
                Next::AfterRun => {}
                Next::At(_) | Next::Done => return Ok(()),
            }
            life.cursor = Next::At(from);
            return Ok(());
        }
        life.walk(&BTreeSet::new(), &skips, &BTreeSet::new(), None)?;
        match (point, life.cursor) {
            (Resume::At(from), Next::At(at)) if at < from => {
                Err(format!("schedule {id} is resumed from {from}: {at} is lost"))
            }
            _ => Ok(()),
        }
    }

    fn decided(
        &mut self,
        advance: &Advance<Sim>,
        commit: &Commit,
        moment: Moment,
        book: &Book,
    ) -> Result<(), String> {
        let id = advance.schedule;
        let Some(life) = self.lives.get_mut(&id) else {
            return Err(format!("schedule {id} is gone and is planned"));
        };
        let mut asked: BTreeSet<Timestamp> = advance.fires.iter().map(|fire| fire.at).collect();
        let skips = skips_of(commit, id);
        if life.is_spent() && asked.is_empty() && skips.is_empty() {
            life.cursor = Next::Done;
            return Ok(());
        }
        justified(life, &asked, &skips, moment)?;
        let there = |at: &&Timestamp| self.jobs.contains(&(id, **at));
        let jobs: BTreeSet<Timestamp> = asked.iter().filter(there).copied().collect();
        let born = commit.born.iter().filter(|job| job.origin == Origin::Fire).count();
        let born = u32::try_from(born).unwrap_or(u32::MAX);
        let spent = life.spec.policies.limit.is_some_and(|limit| life.fired + born >= limit);
        let mut ends_at = None;
        if spent {
            // A planner that has not heard of a fire asks for more than the limit has left.
            let all = asked.len();
            asked.retain(|at| jobs.last().is_none_or(|last| at <= last));
            ends_at = jobs.last().copied().filter(|_| asked.len() < all);
        }
        let before = life.cursor;
        if life.spec.policies.after_run.is_some() {
            life.fixed_delay(&asked, &skips, &jobs)?;
            let gone = |job: u64| commit.gone.iter().any(|gone| gone.id == job);
            let watched = |job: &&mainspring_core::job::Job<Sim>| job.watched && !gone(job.id);
            let old = book.of_schedule(id).find(watched);
            let new = commit.born.iter().find(|job| job.watched);
            if life.cursor == Next::AfterRun && old.or(new).is_none() {
                let delay = life.spec.policies.after_run.unwrap_or_default();
                life.cursor = Next::At(moment.store + delay);
            }
        } else {
            life.walk(&asked, &skips, &jobs, ends_at)?;
        }
        life.fired += born;
        let is_empty = asked.is_empty() && skips.is_empty();
        if life.is_spent() {
            life.cursor = Next::Done;
        } else if is_empty && before == life.cursor && before.at().is_some() {
            return Err(format!("schedule {id} moves on from {before:?} without a word"));
        }
        Ok(())
    }

    /// At the end nothing that is due is left.
    fn over(&self, moment: Moment, book: &Book) -> Result<(), String> {
        for (id, life) in &self.lives {
            let page = book.schedules.get(id);
            let out = page.is_some_and(|page| page.is_paused() || page.quarantined);
            if out || life.is_spent() {
                continue;
            }
            let crowding = if self.crowded { Span::from_secs(60) } else { Span::ZERO };
            let patience = Span::from_secs(20) + life.spec.policies.slack + crowding;
            match life.cursor {
                // What an edit has just put back into service has its time from then on.
                Next::At(at) if at.max(life.edited_at) + patience < moment.store => {
                    return Err(format!("schedule {id}: {at} is lost"));
                }
                Next::AfterRun if !book.of_schedule(*id).any(|job| job.watched) => {
                    return Err(format!("schedule {id} waits for a run that is over"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The records of skipped fires that a commit left of one schedule.
fn skips_of(commit: &Commit, schedule: u16) -> Vec<Skip> {
    commit.skips.iter().filter(|(id, _)| *id == schedule).map(|(_, skip)| *skip).collect()
}

/// Whether a decision was made in time and for the reasons that it gives.
fn justified(
    life: &Life,
    asked: &BTreeSet<Timestamp>,
    skips: &[Skip],
    moment: Moment,
) -> Result<(), String> {
    let (id, policies) = (life.spec.id, &life.spec.policies);
    // By the clock that the planner goes by, at the latest.
    let theirs = moment.store + moment.set_back + CLOCKS_APART;
    if let Some(at) = asked.last().filter(|at| **at > theirs) {
        return Err(format!("schedule {id} fires for {at}, which is to come"));
    }
    for skip in skips {
        let to_come = skip.to > theirs;
        let fine = match skip.reason {
            SkipReason::Excluded => true,
            SkipReason::Paused => false,
            SkipReason::Coalesced => {
                !to_come && !asked.is_empty() && policies.coalesce != Coalesce::All
            }
            SkipReason::CatchUp => !to_come && policies.coalesce == Coalesce::All,
            SkipReason::Overlapped => !to_come,
            SkipReason::Missed => {
                policies.misfire_grace.is_some_and(|grace| skip.to < theirs - grace)
            }
        };
        if !fine {
            return Err(format!("schedule {id} skips without a reason: {skip:?}"));
        }
    }
    Ok(())
}

impl Life {
    fn is_spent(&self) -> bool {
        self.spec.policies.limit.is_some_and(|limit| self.fired >= limit)
    }

    /// Whether an edit leaves the cursor where it is.
    fn keeps_cursor(&self, spec: &Spec<Sim>) -> bool {
        let same = self.spec.trigger == spec.trigger && self.spec.exclusions == spec.exclusions;
        let ends = match self.cursor {
            Next::At(_) => false,
            Next::AfterRun => spec.policies.after_run.is_none(),
            Next::Done => self.spec.policies.limit != spec.policies.limit,
        };
        same && !ends
    }

    fn excluded_until(&self, at: Timestamp) -> Option<Timestamp> {
        self.spec.exclusions.and_then(|freeze| freeze.end_around(at))
    }

    /// Steps through the fires up to the last one that was decided about. `asked` were to become
    /// jobs, and `jobs` of them are or were some. If the limit cut some off, the schedule `ends_at`
    /// its last job, and how far skips go behind that is nobody's concern.
    fn walk(
        &mut self,
        asked: &BTreeSet<Timestamp>,
        skips: &[Skip],
        jobs: &BTreeSet<Timestamp>,
        ends_at: Option<Timestamp>,
    ) -> Result<(), String> {
        let id = self.spec.id;
        let ends = skips.iter().map(|skip| skip.to).chain(asked.last().copied());
        let Some(end) = ends.max() else { return Ok(()) };
        let end = ends_at.unwrap_or(end);
        let (mut seen, mut counts) = (0, vec![0_u64; skips.len()]);
        while let Some(at) = self.cursor.at().filter(|at| *at <= end) {
            let excluded = self.excluded_until(at).is_some();
            let mut covered = 0;
            for (skip, count) in skips.iter().zip(&mut counts) {
                let concerns = match skip.reason {
                    SkipReason::Excluded => excluded,
                    SkipReason::Paused => true,
                    SkipReason::Overlapped => asked.contains(&at) && !jobs.contains(&at),
                    _ => !excluded && !asked.contains(&at),
                };
                if concerns && skip.from <= at && at <= skip.to {
                    *count += 1;
                    covered += 1;
                }
            }
            covered += u32::from(jobs.contains(&at));
            seen += usize::from(asked.contains(&at));
            match covered {
                0 => return Err(format!("schedule {id}: {at} is lost")),
                1 => {}
                _ => return Err(format!("schedule {id}: {at} is accounted for {covered} times")),
            }
            self.cursor = self.timer.and_then(|timer| timer.next_after(at)).into();
        }
        if seen != asked.len() {
            return Err(format!("schedule {id} fires when it is not due: {asked:?}"));
        }
        for (skip, counted) in skips.iter().zip(counts) {
            let fine = match skip.count {
                _ if skip.to > end => skip.from <= end,
                Count::Exact(count) => count == counted,
                Count::AtLeast(count) => count <= counted,
            };
            if !fine {
                return Err(format!("schedule {id} skips {skip:?}, which are {counted}"));
            }
        }
        Ok(())
    }

    /// One fire of a schedule that waits for its run.
    fn fixed_delay(
        &mut self,
        asked: &BTreeSet<Timestamp>,
        skips: &[Skip],
        jobs: &BTreeSet<Timestamp>,
    ) -> Result<(), String> {
        let id = self.spec.id;
        let Next::At(at) = self.cursor else {
            return Err(format!("schedule {id} is planned while it waits for a run"));
        };
        let before = at - Span::from_micros(1);
        let ends = self.timer.is_none_or(|timer| timer.next_after(before).is_none());
        let excluded = self.excluded_until(at);
        let of = |reason| skips.iter().filter(|skip| skip.reason == reason).count();
        let overlapped = of(SkipReason::Overlapped);
        let fires = asked.len() == 1 && asked.contains(&at);
        self.cursor = match excluded {
            _ if ends && asked.is_empty() && skips.is_empty() => Next::Done,
            Some(until) if asked.is_empty() && of(SkipReason::Excluded) == 1 => Next::At(until),
            None if fires && jobs.len() + overlapped == 1 => Next::AfterRun,
            _ => return Err(format!("schedule {id}: {at} is lost: {asked:?} {skips:?}")),
        };
        Ok(())
    }
}
