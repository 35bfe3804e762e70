//! The stored form of a calendar.

use mainspring_core::civil::{Date, TimeOfDay};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Dst;
use serde::{Deserialize, Serialize};

use super::{is_default, optional, text, utc};

/// A time of day on dates that follow each other by years, months, weeks and days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarForm {
    /// Years from one date to the next; added to the rest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub years: u32,
    /// Months from one date to the next.
    #[serde(default, skip_serializing_if = "is_default")]
    pub months: u32,
    /// Weeks from one date to the next.
    #[serde(default, skip_serializing_if = "is_default")]
    pub weeks: u32,
    /// Days from one date to the next.
    #[serde(default, skip_serializing_if = "is_default")]
    pub days: u32,
    /// The first date; without it that of `start`, else 1970-01-01.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Date>,
    /// The time of day.
    #[serde(default, with = "time_of_day", skip_serializing_if = "is_default")]
    pub time: TimeOfDay,
    /// Whose clocks: an IANA name, `UTC`, a fixed `+05:30`, or `posix:` and a `TZ` string.
    #[serde(default = "utc")]
    pub zone: String,
    /// What becomes of times that these clocks skip or show twice.
    #[serde(default, with = "dst", skip_serializing_if = "is_default")]
    pub dst: Dst,
    /// The first instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// The last instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

impl CalendarForm {
    /// Midnight in a zone, without bounds, under [`Dst::ONCE`]. The distance between dates is
    /// still to be set.
    pub fn new(zone: impl Into<String>) -> Self {
        Self {
            years: 0,
            months: 0,
            weeks: 0,
            days: 0,
            anchor: None,
            time: TimeOfDay::MIDNIGHT,
            zone: zone.into(),
            dst: Dst::ONCE,
            start: None,
            end: None,
        }
    }
}

/// A time of day without seconds that are zero.
mod time_of_day {
    use super::{TimeOfDay, text};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &TimeOfDay, to: S) -> Result<S::Ok, S::Error> {
        if time.second() > 0 {
            return text::serialize(time, to);
        }
        to.collect_str(&format_args!("{:02}:{:02}", time.hour(), time.minute()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TimeOfDay, D::Error> {
        text::deserialize(from)
    }
}

/// A daylight saving policy, with what `literal` means for a calendar.
mod dst {
    use super::Dst;
    use crate::trigger::dst;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(policy: &Dst, to: S) -> Result<S::Ok, S::Error> {
        dst::write(*policy, Dst::LITERAL_CALENDAR, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Dst, D::Error> {
        dst::read(Dst::LITERAL_CALENDAR, from)
    }
}
