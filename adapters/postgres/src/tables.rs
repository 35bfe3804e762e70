//! The rows of the store, as the verbs see them.

use mainspring_contract::node::Node;
use mainspring_contract::record::{
    ClaimJobs, ClaimSchedules, Job, Quarantine, Remove, Renew, Renewed, Rescue, Run, Schedule,
    Settle, Task,
};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, SkipFilter, SkipView,
};
use mainspring_contract::tables::{
    Claim, Damaged, Done, Found, FoundJobs, Hold, Holder, Link as ChainLink, Row, Tables,
};
use mainspring_contract::{JobId, Key, NodeId, ScheduleId, TaskId};
use mainspring_core::fire::Skip;
use mainspring_core::id::{ConfigRevision, Token};
use mainspring_core::outcome::Outcome;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;
use sqlx::Row as _;

use crate::row::RowId;
use crate::statements::query;
use crate::transaction::Transaction;
use crate::{claim, history, insert, jobs, keys, listing, nodes, schedules, tasks};

impl Tables for Transaction<'_> {
    type RowId = RowId;

    fn now(&self) -> Timestamp {
        self.now
    }

    async fn finish(self) -> Done<Pulse> {
        self.commit().await
    }

    async fn end(self) -> Done<()> {
        self.leave().await
    }

    async fn config_revision(&mut self) -> Done<ConfigRevision> {
        let row = self.one(query(&self.common.sql.config_revision)).await?;
        let number: i64 = row.try_get(0).map_err(|error| self.error(error))?;
        Ok(ConfigRevision::new(number.unsigned_abs()))
    }

    async fn config_changed(&mut self) -> Done<()> {
        self.run(query(&self.common.sql.config_changed)).await?;
        Ok(())
    }

    async fn put_tasks(&mut self, tasks: &[Task]) -> Done<bool> {
        tasks::put(self, tasks).await
    }

    async fn tasks(&mut self, ids: &[TaskId]) -> Done<Vec<Task>> {
        tasks::find(self, ids).await
    }

    async fn lock_schedules(&mut self, ids: &[ScheduleId]) -> Done<Vec<Option<Found>>> {
        schedules::lock(self, ids).await
    }

    async fn insert_schedules(&mut self, schedules: &[Schedule]) -> Done<()> {
        schedules::insert(self, schedules).await
    }

    async fn replace_schedules(&mut self, schedules: &[Schedule]) -> Done<()> {
        schedules::replace(self, schedules).await
    }

    async fn update_schedules(&mut self, schedules: &[(Schedule, Claim)]) -> Done<()> {
        schedules::update(self, schedules).await
    }

    async fn remove_schedules(&mut self, remove: &Remove<'_>) -> Done<Vec<ScheduleId>> {
        schedules::remove(self, remove).await
    }

    async fn claim_schedules(
        &mut self,
        claim: &ClaimSchedules,
        max: u32,
    ) -> Done<Vec<Row<Schedule, RowId>>> {
        schedules::claim(self, claim, max).await
    }

    async fn set_aside(&mut self, rows: &[Damaged<RowId>]) -> Done<()> {
        schedules::set_aside(self, rows).await
    }

    async fn quarantine(&mut self, quarantines: &[Quarantine]) -> Done<bool> {
        schedules::quarantine(self, quarantines).await
    }

    async fn drop_claims(&mut self, node: &NodeId) -> Done<()> {
        schedules::drop_claims(self, node).await
    }

    async fn note_skips(&mut self, skips: &[(ScheduleId, Skip)]) -> Done<()> {
        schedules::note_skips(self, skips).await
    }

    async fn known(&mut self, ids: &[JobId]) -> Done<Vec<bool>> {
        jobs::known(self, ids).await
    }

    async fn insert_jobs(&mut self, jobs: &[Job]) -> Done<Vec<bool>> {
        insert::insert(self, jobs).await
    }

    async fn watchers(&mut self, ids: &[JobId]) -> Done<Vec<Option<ScheduleId>>> {
        jobs::watchers(self, ids).await
    }

    async fn lock_jobs(&mut self, ids: &[JobId]) -> Done<FoundJobs<RowId>> {
        jobs::lock(self, ids).await
    }

    async fn lock_jobs_now(&mut self, ids: &[JobId]) -> Done<FoundJobs<RowId>> {
        jobs::lock_now(self, ids).await
    }

    async fn update_jobs(&mut self, jobs: &[Job]) -> Done<()> {
        jobs::update(self, jobs).await
    }

    async fn claim_jobs(
        &mut self,
        claim: &ClaimJobs<'_>,
        max: u32,
        turn: u32,
    ) -> Done<Vec<Row<Job, RowId>>> {
        claim::claim(self, claim, max, turn).await
    }

    async fn renew(&mut self, renews: &[Renew]) -> Done<Vec<Renewed>> {
        jobs::renew(self, renews).await
    }

    async fn settle_alone(&mut self, settles: &[Settle]) -> Done<Vec<bool>> {
        history::settle_alone(self, settles).await
    }

    async fn lapsed(&mut self, rescue: &Rescue, max: u32) -> Done<Vec<JobId>> {
        jobs::lapsed(self, rescue, max).await
    }

    async fn bury(&mut self, rows: &[Damaged<RowId>]) -> Done<()> {
        jobs::bury(self, rows).await
    }

    async fn any_held(&mut self, ids: &[ScheduleId]) -> Done<Vec<bool>> {
        jobs::any_held(self, ids).await
    }

    async fn any_free(&mut self, ids: &[ScheduleId]) -> Done<Vec<bool>> {
        jobs::any_free(self, ids).await
    }

    async fn lock_chains(&mut self, schedules: &[ScheduleId]) -> Done<Vec<Vec<ChainLink>>> {
        jobs::lock_chains(self, schedules).await
    }

    async fn watch(&mut self, jobs: &[JobId]) -> Done<()> {
        jobs::watch(self, jobs).await
    }

    async fn free(&mut self, jobs: &[JobId]) -> Done<()> {
        jobs::free(self, jobs).await
    }

    async fn lock_keys(&mut self, keys: &[(TaskId, Key)]) -> Done<Vec<Option<Holder>>> {
        keys::lock(self, keys).await
    }

    async fn take_keys(&mut self, holds: &[(Hold, Option<JobId>)]) -> Done<()> {
        keys::take(self, holds).await
    }

    async fn leave_keys(&mut self, holds: &[(Hold, Option<Timestamp>)]) -> Done<()> {
        keys::leave(self, holds).await
    }

    async fn record(&mut self, runs: &[Run]) -> Done<()> {
        history::record(self, runs).await
    }

    async fn recorded(
        &mut self,
        attempts: &[(JobId, Token)],
    ) -> Done<Vec<Option<(Outcome, bool)>>> {
        history::recorded(self, attempts).await
    }

    async fn prune(&mut self, before: Timestamp, max: u32) -> Done<u32> {
        history::prune(self, before, max).await
    }

    async fn put_node(&mut self, node: &Node) -> Done<()> {
        nodes::put(self, node).await
    }

    async fn remove_node(&mut self, id: &NodeId) -> Done<()> {
        nodes::remove(self, id).await
    }

    async fn forget_nodes(&mut self, before: Timestamp) -> Done<()> {
        nodes::forget(self, before).await
    }

    async fn find_schedule(&mut self, id: &ScheduleId) -> Done<Option<Result<Schedule, String>>> {
        schedules::find(self, id).await
    }

    async fn list_schedules(
        &mut self,
        filter: &ScheduleFilter,
        limit: u32,
        offset: u32,
    ) -> Done<Vec<Result<Schedule, (String, String)>>> {
        listing::schedules(self, filter, limit, offset).await
    }

    async fn list_tasks(
        &mut self,
        page: &Page<TaskId>,
        limit: u32,
        offset: u32,
    ) -> Done<Vec<Option<Task>>> {
        tasks::list(self, page, limit, offset).await
    }

    async fn list_nodes(
        &mut self,
        page: &Page<NodeId>,
        limit: u32,
        offset: u32,
    ) -> Done<Vec<Option<(Node, Timestamp)>>> {
        nodes::list(self, page, limit, offset).await
    }

    async fn last_runs(&mut self, ids: &[ScheduleId]) -> Done<Vec<Option<Run>>> {
        listing::last_runs(self, ids).await
    }

    async fn list_jobs(
        &mut self,
        filter: &JobFilter,
        limit: u32,
        offset: u32,
    ) -> Done<Vec<Option<Job>>> {
        listing::jobs(self, filter, limit, offset).await
    }

    async fn count_jobs(&mut self, filter: &JobFilter, up_to: u32) -> Done<Count> {
        listing::count_jobs(self, filter, up_to).await
    }

    async fn list_runs(
        &mut self,
        filter: &RunFilter,
        limit: u32,
        offset: u32,
    ) -> Done<Vec<Option<RunView>>> {
        listing::runs(self, filter, limit, offset).await
    }

    async fn list_skips(
        &mut self,
        filter: &SkipFilter,
        limit: u32,
        offset: u32,
    ) -> Done<Vec<Option<SkipView>>> {
        listing::skips(self, filter, limit, offset).await
    }
}
