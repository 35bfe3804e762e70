//! A deterministic simulation of whole clusters: the real machines and the real ledger, with
//! everything around them made from one seed.
//!
//! Several planners and workers share a store whose requests are lost, doubled, delayed, torn and
//! reordered; nodes crash, stop, stand still and sleep; clocks are wrong and are set; people edit,
//! pause, cancel and queue. After a phase of trouble everything goes well, and whatever is due has
//! to settle. [`checker`]s watch a log of facts, and planted [`bug`]s show that they see.
//! The model is `TigerBeetle`'s simulator, VOPR.

pub mod bug;
mod chance;
pub mod checker;
mod domain;
mod fact;
mod hands;
mod node;
mod people;
mod records;
mod store;
mod swarm;
pub mod tally;
mod trace;
pub mod watch;
mod world;
