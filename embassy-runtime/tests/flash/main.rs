//! The journal in flash against the ledger as its model: power that goes at every byte, pages that
//! were half erased, bytes that make no sense, and how long the flash lasts.

mod bytes;
mod cursors;
mod cut;
mod damage;
mod device;
mod durable;
mod endurance;
mod kept;
mod nor;
mod program;
mod pump;
