//! What a store knows of a task: its limits and its defaults, not its code.

use crate::domain::Domain;
use crate::settings::Level;

/// What a store knows of a task: its limits and its defaults, not its code.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Task<D: Domain> {
    /// Its name.
    pub id: D::TaskId,
    /// Raised by whoever changes the task's definition, so that an older program that still runs
    /// somewhere does not overwrite a newer one. A put with a smaller version changes nothing.
    pub version: u32,
    /// How many of its jobs may run at once, over all nodes; `None` means no limit.
    pub max_running: Option<u32>,
    /// The defaults of its jobs.
    pub settings: D::Settings,
    /// What a worker must offer to run its jobs, unless schedule or job say otherwise.
    pub tags: D::Tags,
}

impl<D: Domain> Task<D> {
    /// A task without limits and with the built-in defaults.
    pub fn new(id: D::TaskId) -> Self {
        let (settings, tags) = (D::Settings::NONE, D::Tags::default());
        Self { id, version: 1, max_running: None, settings, tags }
    }
}
