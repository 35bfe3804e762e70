//! The engine and the pump of a device, on a timer that only moves when a test says so.

#[path = "../flash/nor.rs"]
#[expect(dead_code, reason = "here its power never goes")]
mod nor;
mod pumping;
mod restarting;
mod restricted;
mod rig;
mod telling;
mod timing;
mod wiring;
