//! What a store promises (the verbs, the stored domain, capabilities and errors), and what a broker
//! does.
//!
//! Adapters implement [`Store`] or [`Broker`](broker::Broker); the runtime drives them;
//! `tests/conformance` decides whether an adapter keeps the promise.

pub mod broker;
mod domain;
mod encoded;
mod error;
pub mod exclude;
mod filter;
mod name;
pub mod node;
pub mod record;
pub mod store;
pub mod tables;
mod tags;
pub mod trigger;

pub use domain::{Detail, JobId, Stored};
pub use encoded::{CodingError, Encoded, Format};
pub use error::{StoreError, StoreErrorKind};
pub use name::{Key, NAME_MAX, NameError, NodeId, Program, ScheduleId, Source, Tag, TaskId};
pub use node::Role;
pub use store::{Answer, Capabilities, Clock, Reply, Store};
pub use tags::{TAGS_MAX, Tags, TagsError};
