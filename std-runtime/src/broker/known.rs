//! What the others are told when a schedule fires.

use std::collections::HashMap;

use mainspring_contract::broker::{Hints, Named};
use mainspring_contract::record::Schedule;
use mainspring_contract::{ScheduleId, TaskId};
use mainspring_core::limits;
use mainspring_core::overlap::Overlap;

/// The schedules that this node has claimed of late, as far as others are concerned.
#[derive(Debug, Default)]
pub(crate) struct Known {
    by_id: HashMap<ScheduleId, (TaskId, Overlap)>,
}

impl Known {
    /// Takes note of a schedule that was claimed.
    pub(crate) fn learn(&mut self, schedule: &Schedule) {
        let spec = &schedule.spec;
        if self.by_id.len() >= KNOWN_MAX {
            // Most of them were let go long ago; the others are learned when they are claimed.
            self.by_id.clear();
        }
        self.by_id.insert(spec.id.clone(), (spec.task.clone(), schedule.policies().overlap));
    }

    /// What there is to say when this schedule's fires have become jobs.
    pub(crate) fn fired(&self, schedule: &ScheduleId) -> Hints {
        let known = self.by_id.get(schedule);
        let ready = known.map_or(Named::Any, |(task, _)| task.clone().into());
        let displaces = known.is_none_or(|(_, overlap)| *overlap == Overlap::Cancel);
        let displaced = if displaces { schedule.clone().into() } else { Named::default() };
        Hints { ready, displaced, ..Hints::default() }
    }
}

/// Four windows of the planner.
const KNOWN_MAX: usize = 4 * limits::PLANNER_WINDOW;
