//! What the pump would log, if anybody could read it.

use mainspring_core::outcome::Outcome;
use mainspring_core::time::Span;

use crate::journal::Restored;

pub(crate) const fn restored(_: &Restored) {}

pub(crate) const fn clock_set(_: Span, _: i32) {}

pub(crate) const fn ended(_: u32, _: Outcome) {}

pub(crate) const fn unwritten(_: u32) {}

pub(crate) const fn stopped() {}
