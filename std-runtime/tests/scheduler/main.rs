//! The whole runtime over the memory store: what programs see of it.

mod asking;
mod events;
mod flaky;
mod hints;
mod nodes;
mod outage;
mod outcomes;
mod policies;
mod putting;
mod rig;
mod running;
mod sharing;
mod stopping;
mod unique;
