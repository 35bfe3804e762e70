//! Instants as people read them in a table: in one zone, and close ones without their date.

use std::sync::Arc;

use mainspring::zone::Zones;
use mainspring_core::time::Timestamp;
use mainspring_core::zone::{OwnedZone, TimeZone};

/// Shows instants in one zone, as seen from now.
pub(crate) struct Moments {
    zone: Arc<OwnedZone>,
    now: Timestamp,
}

impl Moments {
    /// # Errors
    /// If there is no such zone.
    pub(crate) fn new(zone: &str, now: Timestamp) -> Result<Self, String> {
        let zones = Zones::system();
        let zone = zones.find(zone).map_err(|error| error.to_string())?;
        Ok(Self { zone, now })
    }

    /// `14:03:05` for today, with the date for any other day.
    pub(crate) fn show(&self, at: Timestamp) -> String {
        let zone = self.zone.zone();
        let (then, today) = (zone.local(at), zone.local(self.now));
        let time = then.time;
        let clock = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
        if then.date == today.date {
            return clock;
        }
        let date = then.date;
        format!("{:04}-{:02}-{:02} {clock}", date.year(), date.month(), date.day())
    }
}
