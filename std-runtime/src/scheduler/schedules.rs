//! Verbs on schedules.

use mainspring_contract::broker::Hints;
use mainspring_contract::record::{
    self, Conflict, Enqueue, Enqueued, Extra, Paused, Put, PutSchedule, Remove, Resumed, Spec,
};
use mainspring_contract::trigger::TriggerForm;
use mainspring_contract::{JobId, ScheduleId, Source};
use mainspring_core::domain::Origin;
use mainspring_core::fire::{Resume, resumed};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Trigger;
use mainspring_core::worker::Suspects;

use super::{Scheduler, Shared};
use crate::dice::Ids;
use crate::error::Error;
use crate::owed;
use crate::plan::{self, AnyPlan, Exclusions};
use crate::pump::Event;
use crate::schedule::Schedule;

impl Scheduler {
    /// Puts a schedule; one of the same name and source is replaced. What came due before that runs
    /// as it was written down then.
    ///
    /// # Errors
    /// If something about the schedule is not valid, a schedule of this name was written down
    /// elsewhere, or the store fails.
    pub async fn put(&self, schedule: Schedule) -> Result<Put, Error> {
        self.put_with(schedule, Conflict::Replace).await
    }

    /// Puts a schedule, and says what becomes of one of the same name and source.
    ///
    /// # Errors
    /// As for [`put`](Self::put).
    pub async fn put_with(&self, schedule: Schedule, conflict: Conflict) -> Result<Put, Error> {
        let request = self.request(schedule, conflict)?;
        let id = request.spec.id.clone();
        owed::advance_before(&self.shared, &request.spec, |spec| self.plan_of(spec)).await?;
        let reply = self.told(self.shared.store.put_schedules(&[request]).await?);
        self.put_told(&reply);
        match reply.into_iter().next() {
            Some(Put::OtherSource) => Err(Error::conflict(format!(
                "schedule `{id}` was written down elsewhere (remove it there or choose another \
                 name)"
            ))),
            Some(put) => Ok(put),
            None => Err(Error::invalid("the store did not answer")),
        }
    }

    /// Makes the schedules of one source exactly these: puts them and removes the others that
    /// were written down there. Says what became of each, and which were removed.
    ///
    /// What came due before that runs as it was written down then, also for a schedule that is
    /// removed, unless its task is gone as well.
    ///
    /// # Errors
    /// If something about a schedule is not valid (nothing is changed then), or the store fails.
    pub async fn sync(
        &self,
        source: &str,
        schedules: Vec<Schedule>,
    ) -> Result<(Vec<Put>, Vec<ScheduleId>), Error> {
        let mut requests = Vec::new();
        for schedule in schedules {
            requests.push(self.request(schedule.source(source), Conflict::Replace)?);
        }
        let ids: Vec<_> = requests.iter().map(|request| request.spec.id.clone()).collect();
        let source = Source::new(source)?;
        let Shared { store, tasks, .. } = &*self.shared;
        // A schedule may go together with its task; its job would then wait for nobody.
        let wanted = |schedule: &record::Schedule| {
            let stays = schedule.spec.source != source || ids.contains(&schedule.spec.id);
            stays || tasks.find(&schedule.spec.task).is_some()
        };
        owed::advance(&self.shared, |spec| self.plan_of(spec), wanted).await?;
        let puts = self.told(store.put_schedules(&requests).await?);
        let remove = Remove::SourceExcept(&source, &ids);
        let removed = self.told(store.remove_schedules(&remove).await?);
        self.put_told(&puts);
        if !removed.is_empty() {
            self.shared.neighbours.changed();
        }
        Ok((puts, removed))
    }

    /// Removes a schedule; says whether it was there. Its jobs that exist already stay.
    ///
    /// # Errors
    /// If the name is not valid, or the store fails.
    pub async fn remove(&self, schedule: &str) -> Result<bool, Error> {
        let id = ScheduleId::new(schedule)?;
        let reply = self.shared.store.remove_schedules(&Remove::Named(&[id])).await?;
        let was_there = !self.told(reply).is_empty();
        if was_there {
            self.shared.neighbours.changed();
        }
        Ok(was_there)
    }

    /// Tells a schedule to stop firing until it is [resumed](Self::resume); says whether it was not
    /// told already. Its jobs that exist already stay.
    ///
    /// # Errors
    /// If there is no such schedule, or the store fails.
    pub async fn pause(&self, schedule: &str) -> Result<bool, Error> {
        let id = ScheduleId::new(schedule)?;
        let reply = self.told(self.shared.store.pause(core::slice::from_ref(&id)).await?);
        match reply.into_iter().next() {
            Some(Paused::Done) => {
                self.shared.neighbours.changed();
                Ok(true)
            }
            Some(Paused::Already) => Ok(false),
            Some(Paused::Missing) | None => Err(missing(&id)),
        }
    }

    /// Lets a paused schedule fire again, with what came due in the meantime or from an instant on;
    /// says whether it was paused.
    ///
    /// ```
    /// # use mainspring::{Resume, Schedule, Scheduler};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = mainspring_memory::MemoryStore::default();
    /// # let scheduler = Scheduler::builder(store).build().await?;
    /// scheduler.put(Schedule::cron("report", "report", "0 9 * * *")).await?;
    /// assert!(scheduler.pause("report").await?);
    /// assert!(scheduler.resume("report", Resume::At("2030-01-01T00:00:00Z".parse()?)).await?);
    /// let next = scheduler.schedule("report").await?.map(|view| view.schedule.next.at());
    /// assert_eq!(next.flatten(), Some("2030-01-01T09:00:00Z".parse()?));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If there is no such schedule, it is paused where it was written down, or the store fails.
    pub async fn resume(&self, schedule: &str, point: Resume) -> Result<bool, Error> {
        let id = ScheduleId::new(schedule)?;
        loop {
            let there = self.stored(&id).await?;
            if there.spec.paused {
                return Err(Error::conflict(format!(
                    "schedule `{id}` is paused where it was written down, in `{}` (change it \
                     there)",
                    there.spec.source
                )));
            }
            let plan = self.usable_plan(&there.spec)?;
            let (next, skip) = resumed(&plan, there.next, point, &there.spec.policies);
            if let Some(fault) = plan::fault(&plan) {
                return Err(Error::invalid(fault));
            }
            let resume =
                record::Resume { schedule: id.clone(), revision: there.revision, next, skip };
            let reply = self.told(self.shared.store.resume(&[resume]).await?);
            match reply.into_iter().next() {
                Some(Resumed::Done) => {
                    self.shared.neighbours.changed();
                    return Ok(true);
                }
                Some(Resumed::Unchanged) => return Ok(false),
                // Somebody changed it since we looked.
                Some(Resumed::Stale) => {}
                None => return Err(Error::invalid("the store did not answer")),
            }
        }
    }

    /// Queues a job of a schedule besides its fires, also while it is paused; `None` if its overlap
    /// policy refuses that because an earlier job is not over.
    ///
    /// # Errors
    /// If there is no such schedule, or the store fails.
    pub async fn run_now(&self, schedule: &str) -> Result<Option<JobId>, Error> {
        let id = ScheduleId::new(schedule)?;
        let spec = self.stored(&id).await?.spec;
        let now = self.shared.time.wall();
        let job = Ids::new(now).next();
        let request = extra(&spec, job, now, Origin::Manual);
        let reply = self.told(self.shared.store.enqueue(&[request]).await?);
        match reply.first() {
            Some(Enqueued::Overlapped) => Ok(None),
            Some(Enqueued::Missing) | None => Err(missing(&id)),
            Some(_) => {
                // Its overlap policy may have cancelled what runs.
                let (ready, displaced) = (spec.task.into(), id.clone().into());
                self.shared.neighbours.tell(Hints { ready, displaced, ..Hints::default() });
                self.tell(Event::Verify(Suspects::Schedule(id)));
                Ok(Some(job))
            }
        }
    }

    /// Tells other nodes, if a schedule is new or another one.
    fn put_told(&self, puts: &[Put]) {
        if puts.iter().any(|put| matches!(put, Put::Created | Put::Replaced)) {
            self.shared.neighbours.changed();
        }
    }

    /// The schedule of this name as it is stored.
    pub(super) async fn stored(&self, id: &ScheduleId) -> Result<record::Schedule, Error> {
        let view = self.shared.store.schedule(id).await?;
        view.map(|view| view.schedule).ok_or_else(|| missing(id))
    }

    /// The plan of a stored schedule.
    pub(super) fn usable_plan(&self, spec: &Spec) -> Result<AnyPlan, Error> {
        let explain =
            |reason| Error::invalid(format!("schedule `{}` cannot be used: {reason}", spec.id));
        self.plan_of(spec).map_err(explain)
    }

    fn plan_of(&self, spec: &Spec) -> Result<AnyPlan, String> {
        plan::plan_of(spec, &self.shared.triggers, &self.shared.zones)
    }

    /// What the store is asked for this schedule.
    fn request(&self, schedule: Schedule, conflict: Conflict) -> Result<PutSchedule, Error> {
        let once = matches!(schedule.trigger(), TriggerForm::At(_));
        let Shared { triggers, zones, .. } = &*self.shared;
        let trigger = triggers.compile(schedule.trigger(), zones)?;
        let exclude = Exclusions::compile(schedule.exclusions(), triggers, zones)?;
        let plan = AnyPlan { trigger, exclude };
        // A single instant that has just passed was meant to be seen; a repeating trigger starts
        // with its next fire.
        let from = if once { Timestamp::MIN } else { self.shared.time.wall() };
        let next = plan.trigger.next_after(from).into();
        if let Some(fault) = plan::fault(&plan) {
            return Err(Error::invalid(fault));
        }
        Ok(PutSchedule { spec: schedule.into_spec()?, next, conflict })
    }
}

/// A job of this schedule that is none of its fires.
pub(super) fn extra(spec: &Spec, job: JobId, at: Timestamp, origin: Origin) -> Enqueue {
    Enqueue {
        settings: spec.settings,
        tags: spec.tags.clone(),
        extra: Some(Extra { schedule: spec.id.clone(), at, origin }),
        ..Enqueue::new(job, spec.task.clone(), spec.payload.clone())
    }
}

pub(super) fn missing(id: &ScheduleId) -> Error {
    Error::missing(format!("there is no schedule `{id}` (put it first)"))
}
