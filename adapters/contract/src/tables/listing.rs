//! What people look at: schedules, tasks, jobs, nodes, history.
//!
//! Rows that cannot be read are left out, and the page is filled up with those after them, so that
//! a short page always is the last one.

use super::work::Work;
use super::{Done, Tables};
use crate::node::NodeView;
use crate::record::{Job, Schedule, Task};
use crate::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
    Unreadable,
};
use crate::{NodeId, ScheduleId, TaskId};

/// Reads rows until there are `limit` that `keep` keeps, or no more rows.
macro_rules! fill {
    ($work:ident, $list:ident, $filter:expr, $limit:expr, $keep:expr) => {{
        let limit = usize::try_from($limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let mut seen = 0_u32;
        while found.len() < limit {
            // Where one row cannot be read there may be many more.
            let open = if seen == 0 { $limit } else { STEP };
            let rows = $work.tables.$list($filter, open, seen).await?;
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            seen = seen.saturating_add(count);
            found.extend(rows.into_iter().filter_map($keep));
            if count < open {
                break;
            }
        }
        found.truncate(limit);
        found
    }};
}

impl<T: Tables> Work<T> {
    /// The schedule of this name, or why it cannot be read.
    pub(super) async fn find_schedule(
        &mut self,
        id: &ScheduleId,
    ) -> Done<Option<Result<ScheduleView, String>>> {
        Ok(match self.tables.find_schedule(id).await? {
            Some(Ok(schedule)) => self.views(vec![schedule]).await?.pop().map(Ok),
            Some(Err(why)) => Some(Err(why)),
            None => None,
        })
    }

    /// Schedules by name.
    pub(super) async fn schedules(&mut self, filter: &ScheduleFilter) -> Done<Vec<ScheduleView>> {
        let found = fill!(self, list_schedules, filter, filter.page.limit, Result::ok);
        self.views(found).await
    }

    /// Schedules that cannot be read, by name. Most can be, so this looks at all of them: in large
    /// steps, each of which begins behind the last name that could be read.
    pub(super) async fn unreadable(&mut self, limit: u32) -> Done<Vec<Unreadable>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let mut filter = ScheduleFilter::first(STEP);
        // Rows behind that name which were looked at.
        let mut seen = 0;
        while found.len() < limit {
            let rows = self.tables.list_schedules(&filter, STEP, seen).await?;
            let is_last = rows.len() < STEP as usize;
            for row in rows {
                match row {
                    Ok(schedule) => {
                        filter.page.after = Some(schedule.spec.id.clone());
                        seen = 0;
                    }
                    Err((name, reason)) => {
                        seen += 1;
                        found.push(Unreadable { name, reason });
                    }
                }
            }
            if is_last {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Jobs that are not over, by id.
    pub(super) async fn jobs(&mut self, filter: &JobFilter) -> Done<Vec<Job>> {
        Ok(fill!(self, list_jobs, filter, filter.page.limit, |job| job))
    }

    /// History, newest first.
    pub(super) async fn runs(&mut self, filter: &RunFilter) -> Done<Vec<RunView>> {
        Ok(fill!(self, list_runs, filter, filter.limit, |run| run))
    }

    /// Fires that did not become jobs, newest record first.
    pub(super) async fn skips(&mut self, filter: &SkipFilter) -> Done<Vec<SkipView>> {
        Ok(fill!(self, list_skips, filter, filter.limit, |skip| skip))
    }

    /// Tasks that somebody has put, by name.
    pub(super) async fn list_tasks(&mut self, page: &Page<TaskId>) -> Done<Vec<Task>> {
        Ok(fill!(self, list_tasks, page, page.limit, |task| task))
    }

    /// Nodes by name. Those that are to be forgotten are not shown, even if nobody has forgotten
    /// them yet.
    pub(super) async fn nodes(&mut self, page: &Page<NodeId>) -> Done<Vec<NodeView>> {
        let now = self.now();
        Ok(fill!(self, list_nodes, page, page.limit, |row| {
            let (node, beat_at) = row?;
            (!NodeView::is_forgotten(beat_at, now)).then(|| NodeView::new(node, beat_at, now))
        }))
    }

    async fn views(&mut self, schedules: Vec<Schedule>) -> Done<Vec<ScheduleView>> {
        if schedules.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<ScheduleId> = schedules.iter().map(|one| one.spec.id.clone()).collect();
        let last_runs = self.tables.last_runs(&ids).await?;
        let views = schedules.into_iter().zip(last_runs);
        Ok(views.map(|(schedule, last_run)| ScheduleView { schedule, last_run }).collect())
    }
}

/// How many rows are read at a time by who looks at all schedules, or for more that can be read.
const STEP: u32 = 1_000;
