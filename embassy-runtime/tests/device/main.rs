//! The engine and the pump of a device, on a timer that only moves when a test says so.

mod pumping;
mod restarting;
mod restricted;
mod rig;
mod telling;
mod timing;
mod wiring;
