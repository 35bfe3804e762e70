//! What the pump makes of what other nodes said, and what it tells them of jobs that are over.

use mainspring_contract::JobId;
use mainspring_core::worker::{self, Suspects};

use super::Pump;
use crate::context::Context;

impl Pump {
    /// Follows what other nodes said.
    pub(super) fn heard(&mut self) {
        let (hints, missed) = self.neighbours.heard().take();
        if !missed && hints.is_empty() {
            // The usual case, and what follows looks at every run.
            return;
        }
        if missed {
            // The others may have been told that this node is gone.
            self.neighbours.joined(&self.node);
        }
        let now = self.now.mono;
        let changed = missed || hints.changed || !hints.gone.is_empty();
        if changed {
            self.planner_look.hear(now);
        }
        if changed || self.tasks.knows_any(&hints.ready) {
            self.worker_look.hear(now);
        }
        let told = |run: &Context| {
            missed
                || hints.cancelled.holds(&run.job())
                || run.schedule().is_some_and(|schedule| hints.displaced.holds(schedule))
        };
        let suspects: Vec<JobId> =
            self.runs.iter().filter(|run| told(run)).map(Context::job).collect();
        for job in suspects {
            self.work_input(worker::Input::Verify(Suspects::Job(job)));
        }
        hints.joined.iter().for_each(|node| self.telemetry.node_joined(node));
        hints.gone.iter().for_each(|node| self.telemetry.node_is_gone(node));
    }

    /// A job may be over: whoever waits for it has a look.
    pub(super) fn over(&self, job: JobId) {
        self.waiting.look(job);
        self.neighbours.look(job);
    }
}
