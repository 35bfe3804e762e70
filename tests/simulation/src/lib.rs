//! A deterministic simulation of whole clusters: the real machines and the real ledger, with
//! everything around them made from one seed.
//!
//! Several planners and workers share a store whose requests are lost, doubled, delayed, torn and
//! reordered; nodes crash, stop, stand still and sleep; clocks are wrong and are set; people edit,
//! pause, cancel and queue. After a phase of trouble everything goes well, and whatever is due has
//! to settle. [`checker`]s watch a log of [facts](fact), and planted [bugs](bug) show that they see.
//! The model is `TigerBeetle`'s simulator, VOPR.

pub mod bug;
pub mod chance;
pub mod checker;
pub mod domain;
pub mod fact;
pub mod hands;
pub mod node;
pub mod people;
pub mod store;
pub mod swarm;
pub mod tally;
pub mod trace;
pub mod watch;
pub mod world;
