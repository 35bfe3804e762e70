//! Jobs for a schedule's fires of the past.

use core::ops::RangeInclusive;

use mainspring_contract::record::{Enqueue, Enqueued};
use mainspring_contract::{JobId, ScheduleId};
use mainspring_core::domain::Origin;
use mainspring_core::exclude::{Allowed, Exclude};
use mainspring_core::limits;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Count, Trigger};

use super::Scheduler;
use super::schedules::{extra, missing};
use crate::error::Error;
use crate::plan::{self, AnyPlan};

/// What a [backfill](Scheduler::backfill) has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backfilled {
    /// How many jobs it queued.
    pub queued: u64,
    /// How many fires had been backfilled before.
    pub known: u64,
}

impl Scheduler {
    /// How many jobs a [backfill](Self::backfill) of this range would queue, unless some of them
    /// have been before.
    ///
    /// # Errors
    /// As for [`backfill`](Self::backfill).
    pub async fn backfill_count(
        &self,
        schedule: &str,
        range: RangeInclusive<Timestamp>,
    ) -> Result<Count, Error> {
        let there = self.stored(&ScheduleId::new(schedule)?).await?;
        let plan = self.usable_plan(&there.spec)?;
        check(&range, self.shared.time.wall())?;
        let count = Allowed(&plan).count_between(*range.start() - ONE_MICRO, *range.end());
        sound(&plan)?;
        Ok(count)
    }

    /// Queues a job for each fire that the schedule, as it is written down now, would have had in a
    /// range of the past, whatever became of the fire at the time. Does so for each fire once,
    /// however often it is asked, and whatever the overlap policy says.
    ///
    /// ```
    /// # use mainspring::{Count, Schedule, Scheduler};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = mainspring_memory::MemoryStore::default();
    /// # let scheduler = Scheduler::builder(store).build().await?;
    /// scheduler.put(Schedule::cron("report", "report", "0 9 * * *")).await?;
    /// let march = "2025-03-01T00:00:00Z".parse()?..="2025-03-31T23:59:59Z".parse()?;
    /// assert_eq!(scheduler.backfill_count("report", march.clone()).await?, Count::Exact(31));
    /// assert_eq!(scheduler.backfill("report", march.clone()).await?.queued, 31);
    /// assert_eq!(scheduler.backfill("report", march).await?.known, 31);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If there is no such schedule, the range ends in the future or before it begins, or the store
    /// fails; what was queued before that stays, and asking again goes on from there.
    pub async fn backfill(
        &self,
        schedule: &str,
        range: RangeInclusive<Timestamp>,
    ) -> Result<Backfilled, Error> {
        self.backfill_watched(schedule, range, |_| {}).await
    }

    /// The same for people who wait: `watch` is told how far it has come, now and then.
    ///
    /// # Errors
    /// As for [`backfill`](Self::backfill).
    pub async fn backfill_watched(
        &self,
        schedule: &str,
        range: RangeInclusive<Timestamp>,
        mut watch: impl FnMut(Backfilled),
    ) -> Result<Backfilled, Error> {
        let id = ScheduleId::new(schedule)?;
        let spec = self.stored(&id).await?.spec;
        let plan = self.usable_plan(&spec)?;
        check(&range, self.shared.time.wall())?;
        let mut fires = fires(&plan, &range);
        let mut done = Backfilled::default();
        loop {
            let batch: Vec<Enqueue> = fires
                .by_ref()
                .take(limits::ITEMS_PER_CALL)
                .map(|at| {
                    let job = JobId::derived(&id, at, Origin::Backfill);
                    extra(&spec, job, at, Origin::Backfill)
                })
                .collect();
            sound(&plan)?;
            if batch.is_empty() {
                return Ok(done);
            }
            for answer in self.told(self.shared.store.enqueue(&batch).await?) {
                match answer {
                    Enqueued::Exists => done.known += 1,
                    Enqueued::Missing => return Err(missing(&id)),
                    _ => done.queued += 1,
                }
            }
            self.shared.neighbours.ready(&spec.task);
            watch(done);
        }
    }
}

/// The fires in a range that are not excluded.
fn fires(plan: &AnyPlan, range: &RangeInclusive<Timestamp>) -> impl Iterator<Item = Timestamp> {
    let end = *range.end();
    let next = move |after: Timestamp| Allowed(plan).next_after(after).filter(|&at| at <= end);
    let all = core::iter::successors(next(*range.start() - ONE_MICRO), move |&at| next(at));
    // A search that had to leap too far stops at an excluded one.
    all.filter(|&at| plan.exclude.around(at).is_none())
}

fn check(range: &RangeInclusive<Timestamp>, now: Timestamp) -> Result<(), Error> {
    let (from, to) = (range.start(), range.end());
    if to < from {
        return Err(Error::invalid(format!(
            "a backfill to {to} ends before it begins, at {from} (exchange the two)"
        )));
    }
    if *to > now {
        return Err(Error::invalid(format!(
            "a backfill to {to} ends in the future (now is {now}; what is to come fires by itself)"
        )));
    }
    Ok(())
}

/// A trigger of the program's own that has failed says nothing that could be used.
fn sound(plan: &AnyPlan) -> Result<(), Error> {
    plan::fault(plan).map_or(Ok(()), |fault| Err(Error::invalid(fault)))
}

const ONE_MICRO: Span = Span::from_micros(1);
