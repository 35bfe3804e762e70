//! The rows of a file, for the verbs of the contract.

use mainspring_contract::node::Node;
use mainspring_contract::record::{
    ClaimJobs, ClaimSchedules, Job, Quarantine, Remove, Renew, Renewed, Rescue, Run, Schedule,
    Settle, Task,
};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, SkipFilter, SkipView,
};
use mainspring_contract::tables::{
    Claim, Damaged, Done, Found, FoundJobs, Hold, Holder, Link, Row, Tables,
};
use mainspring_contract::{JobId, Key, NodeId, ScheduleId, TaskId};
use mainspring_core::fire::Skip;
use mainspring_core::id::{ConfigRevision, Token};
use mainspring_core::outcome::Outcome;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;
use mainspring_sql::read;

use crate::columns::Cols;
use crate::transaction::{Bind, Transaction};
use crate::{claim, error, history, jobs, keys, listing, nodes, schedules};

/// Which function does what.
macro_rules! tables {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty = $work:path;)*) => {
        impl Tables for Transaction<'_> {
            type RowId = i64;

            fn now(&self) -> Timestamp {
                Self::now(self)
            }

            async fn finish(mut self) -> Done<Pulse> {
                let pulse = pulse(&mut self).await.map_err(|e| self.error(e))?;
                Tables::end(self).await?;
                Ok(pulse)
            }

            async fn end(self) -> Done<()> {
                let shared = std::sync::Arc::clone(&self.shared);
                self.commit().await.map_err(|e| error::of_commit(&shared.path, e))
            }

            $(async fn $name(&mut self, $($arg: $type),*) -> Done<$answer> {
                $work(self, $($arg),*).await.map_err(|e| self.error(e))
            })*
        }
    };
}

tables! {
    config_revision() -> ConfigRevision = schedules::config_revision;
    config_changed() -> () = schedules::config_changed;
    put_tasks(tasks: &[Task]) -> bool = schedules::put_tasks;
    tasks(ids: &[TaskId]) -> Vec<Task> = schedules::tasks;

    lock_schedules(ids: &[ScheduleId]) -> Vec<Option<Found>> = schedules::find;
    insert_schedules(new: &[Schedule]) -> () = schedules::write;
    replace_schedules(changed: &[Schedule]) -> () = schedules::write;
    update_schedules(changed: &[(Schedule, Claim)]) -> () = schedules::update;
    remove_schedules(remove: &Remove<'_>) -> Vec<ScheduleId> = schedules::remove;
    any_due(claim: &ClaimSchedules) -> bool = schedules::any_due;
    claim_schedules(claim: &ClaimSchedules, max: u32) -> Vec<Row<Schedule, i64>> = schedules::claim;
    set_aside(rows: &[Damaged<i64>]) -> () = schedules::set_aside;
    quarantine(quarantines: &[Quarantine]) -> bool = schedules::quarantine;
    drop_claims(node: &NodeId) -> () = schedules::drop_claims;
    note_skips(skips: &[(ScheduleId, Skip)]) -> () = schedules::note_skips;

    known(ids: &[JobId]) -> Vec<bool> = jobs::known;
    insert_jobs(new: &[Job]) -> Vec<bool> = jobs::insert;
    watchers(ids: &[JobId]) -> Vec<Option<ScheduleId>> = jobs::watchers;
    lock_jobs(ids: &[JobId]) -> FoundJobs<i64> = jobs::find;
    lock_jobs_now(ids: &[JobId]) -> FoundJobs<i64> = jobs::find;
    update_jobs(changed: &[Job]) -> () = jobs::update;
    any_claimable(claim: &ClaimJobs<'_>) -> bool = claim::any_claimable;
    claim_jobs(claim: &ClaimJobs<'_>, max: u32, turn: u32) -> Vec<Row<Job, i64>> = claim::claim;
    renew(renews: &[Renew]) -> Vec<Renewed> = jobs::renew;
    settle_alone(settles: &[Settle]) -> Vec<bool> = history::settle_alone;
    lapsed(rescue: &Rescue, max: u32) -> Vec<JobId> = jobs::lapsed;
    bury(rows: &[Damaged<i64>]) -> () = jobs::bury;
    any_held(ids: &[ScheduleId]) -> Vec<bool> = jobs::any_held;
    any_free(ids: &[ScheduleId]) -> Vec<bool> = jobs::any_free;
    lock_chains(ids: &[ScheduleId]) -> Vec<Vec<Link>> = jobs::chains;
    watch(ids: &[JobId]) -> () = jobs::watch;
    free(ids: &[JobId]) -> () = jobs::free;

    lock_keys(keys: &[(TaskId, Key)]) -> Vec<Option<Holder>> = keys::find;
    take_keys(holds: &[(Hold, Option<JobId>)]) -> () = keys::take;
    leave_keys(holds: &[(Hold, Option<Timestamp>)]) -> () = keys::leave;

    record(runs: &[Run]) -> () = history::record;
    recorded(attempts: &[(JobId, Token)]) -> Vec<Option<(Outcome, bool)>> = history::recorded;
    prune(before: Timestamp, max: u32) -> u32 = history::prune;
    any_old(before: Timestamp) -> bool = history::any_old;

    put_node(node: &Node) -> () = nodes::put;
    remove_node(id: &NodeId) -> () = nodes::remove;
    forget_nodes(before: Timestamp) -> () = nodes::forget;

    find_schedule(id: &ScheduleId) -> Option<Result<Schedule, String>> = listing::schedule;
    list_schedules(filter: &ScheduleFilter, limit: u32, offset: u32)
        -> Vec<Result<Schedule, (String, String)>> = listing::schedules;
    list_tasks(page: &Page<TaskId>, limit: u32, offset: u32)
        -> Vec<Option<Task>> = listing::tasks;
    list_nodes(page: &Page<NodeId>, limit: u32, offset: u32)
        -> Vec<Option<(Node, Timestamp)>> = nodes::list;
    last_runs(ids: &[ScheduleId]) -> Vec<Option<Run>> = history::last_runs;
    list_jobs(filter: &JobFilter, limit: u32, offset: u32) -> Vec<Option<Job>> = listing::jobs;
    count_jobs(filter: &JobFilter, up_to: u32) -> Count = listing::count;
    list_runs(filter: &RunFilter, limit: u32, offset: u32) -> Vec<Option<RunView>> = listing::runs;
    list_skips(filter: &SkipFilter, limit: u32, offset: u32)
        -> Vec<Option<SkipView>> = listing::skips;
}

/// What every reply says about the store.
async fn pulse(tx: &mut Transaction<'_>) -> Result<Pulse, sqlx::Error> {
    let now = tx.now();
    let row = tx.sql(|sql| &sql.pulse).at(now).fetch_one(tx.connection()).await?;
    read::pulse(&Cols(&row), now).map_err(|why| sqlx::Error::Decode(why.to_string().into()))
}
