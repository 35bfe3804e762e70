//! The whole runtime over the memory store: what programs see of it.

mod flaky;
mod outage;
mod outcomes;
mod putting;
mod rig;
mod running;
mod sharing;
mod stopping;
