//! Patterns as data: their sets as numbers, for flash and for wires, where a parser is too much.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Cron;
use super::compile::Sets;

/// The sets of a [`Cron`], with what is kept besides.
#[derive(Serialize, Deserialize)]
struct Numbers {
    seconds: u64,
    minutes: u64,
    hours: u32,
    days: u32,
    months: u16,
    weekdays: u8,
    flows: bool,
    either_day: bool,
}

impl Serialize for Cron {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let &Self { seconds, minutes, hours, days, months, weekdays, flows, either_day, .. } = self;
        Numbers { seconds, minutes, hours, days, months, weekdays, flows, either_day }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cron {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = Numbers::deserialize(deserializer)?;
        let sets = Sets {
            seconds: numbers.seconds,
            minutes: numbers.minutes,
            hours: numbers.hours.into(),
            days: numbers.days.into(),
            months: numbers.months.into(),
            weekdays: numbers.weekdays.into(),
            flows: numbers.flows,
            either_day: numbers.either_day,
        };
        let within = [
            (sets.seconds, (1 << 60) - 1),
            (sets.minutes, (1 << 60) - 1),
            (sets.hours, (1 << 24) - 1),
            (sets.days, u64::from(u32::MAX)),
            (sets.months, 0x1ffe),
            (sets.weekdays, 0x7f),
        ];
        if within.iter().any(|&(set, all)| set == 0 || set & !all != 0) {
            return Err(D::Error::custom("no sets of a cron pattern"));
        }
        Ok(Self::assemble(&sets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(cron: Cron) -> Result<Cron, postcard::Error> {
        let mut buffer = [0; 64];
        postcard::from_bytes(postcard::to_slice(&cron, &mut buffer)?)
    }

    #[test]
    fn a_pattern_is_read_back_as_it_was() {
        let patterns = ["* * * * *", "*/5 8-18 L * mon-fri", "30 0 9 1,15 jan fri", "0 0 30 2 *"];
        for text in patterns {
            let cron = Cron::literal(text);
            assert_eq!(round(cron), Ok(cron), "{text}");
        }
    }

    #[test]
    fn numbers_that_no_pattern_has_are_refused() {
        let cron = Cron::literal("0 9 * * *");
        let wrong = [
            Cron { seconds: 0, ..cron },
            Cron { minutes: 1 << 60, ..cron },
            Cron { hours: 1 << 24, ..cron },
            Cron { months: 1, ..cron },
            Cron { weekdays: 0x80, ..cron },
        ];
        for cron in wrong {
            assert!(round(cron).is_err(), "{cron:?}");
        }
    }
}
