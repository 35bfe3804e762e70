//! The records that verbs leave behind.

use super::Ended;
use crate::domain::{Domain, Origin};
use crate::fire::Skip;
use crate::id::Token;
use crate::outcome::Outcome;
use crate::time::Timestamp;

/// The history's record of one attempt, or of a job that was settled without any.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Run<D: Domain> {
    /// Which job.
    pub job: D::JobId,
    /// The token of the attempt's claim; zero if the job was never claimed.
    pub token: Token,
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// What ran.
    pub task: D::TaskId,
    /// The schedule whose fire it was.
    pub schedule: Option<D::ScheduleId>,
    /// How the job came to be.
    pub origin: Origin,
    /// The instant that the trigger named.
    pub fire_at: Option<Timestamp>,
    /// Who ran it.
    pub node: Option<D::NodeId>,
    /// Whether the job was over after this.
    pub settled: bool,
    /// How it ended.
    pub ended: Ended<D>,
}

/// Keeps the records that verbs leave behind. `()` forgets them, and with them the knowledge that
/// makes a repeated enqueue or settle of a job that is over a no-op.
pub trait History<D: Domain> {
    /// An attempt ended.
    fn run(&mut self, run: Run<D>);
    /// Fires did not become jobs.
    fn skip(&mut self, schedule: &D::ScheduleId, skip: Skip);
    /// Whether the job is over.
    fn is_settled(&self, job: &D::JobId) -> bool;
    /// How the attempt under this token ended, if it did, and whether it settled the job.
    fn ended(&self, job: &D::JobId, token: Token) -> Option<(Outcome, bool)>;
}

impl<D: Domain> History<D> for () {
    fn run(&mut self, _run: Run<D>) {}
    fn skip(&mut self, _schedule: &D::ScheduleId, _skip: Skip) {}
    fn is_settled(&self, _job: &D::JobId) -> bool {
        false
    }
    fn ended(&self, _job: &D::JobId, _token: Token) -> Option<(Outcome, bool)> {
        None
    }
}
