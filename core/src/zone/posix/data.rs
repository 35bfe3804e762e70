//! Rules as data: their numbers, for flash and for wires, where a parser is too much.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Change, Day, Rule, Saving};
use crate::civil::Offset;

/// The standard offset in seconds and, with daylight saving, the other one, its start and its end.
type Numbers = (i32, Option<(i32, Moment, Moment)>);

/// A yearly change: the day and the second in it.
type Moment = (Day, i32);

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let moment = |change: Change| (change.day, change.secs);
        let saving = self.saving.map(|Saving { offset, starts, ends, .. }| {
            (offset.as_secs(), moment(starts), moment(ends))
        });
        let numbers: Numbers = (self.standard.as_secs(), saving);
        numbers.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (standard, saving) = Numbers::deserialize(deserializer)?;
        let wrong = || D::Error::custom("no numbers of a time zone rule");
        let standard = Offset::from_secs(standard).ok_or_else(wrong)?;
        let Some((offset, starts, ends)) = saving else { return Ok(Self::fixed(standard)) };
        let offset = Offset::from_secs(offset).ok_or_else(wrong)?;
        let starts = change(starts).ok_or_else(wrong)?;
        let ends = change(ends).ok_or_else(wrong)?;
        Ok(Self::with_saving(standard, offset, starts, ends))
    }
}

fn change((day, secs): Moment) -> Option<Change> {
    let is_day = match day {
        Day::Common(day) => (1..=365).contains(&day),
        Day::Counted(day) => day <= 365,
        Day::Weekday { month, week, weekday } => {
            (1..=12).contains(&month) && (1..=5).contains(&week) && weekday <= 6
        }
    };
    let is_time = secs.unsigned_abs() < 168 * 3_600;
    (is_day && is_time).then_some(Change { day, secs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(rule: Rule) -> Result<Rule, postcard::Error> {
        let mut buffer = [0; 32];
        postcard::from_bytes(postcard::to_slice(&rule, &mut buffer)?)
    }

    #[test]
    fn a_rule_is_read_back_as_it_was() {
        let rules = [
            "UTC0",
            "<+0530>-5:30",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "IST-1GMT0,M10.5.0,M3.5.0/1",
            "AAA5BBB,365/24,J60/-167",
            "EST5EDT,0/0,J365/25",
        ];
        for text in rules {
            let rule = Rule::parse(text).expect("a rule");
            assert_eq!(round(rule), Ok(rule), "{text}");
        }
    }

    #[test]
    fn numbers_that_no_rule_has_are_refused() {
        let rule = Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule");
        let with = |day, secs| {
            let saving = rule.saving.map(|saving| Saving { ends: Change { day, secs }, ..saving });
            round(Rule { saving, ..rule })
        };
        assert!(with(Day::Common(1), 0).is_ok());
        assert!(with(Day::Common(0), 0).is_err());
        assert!(with(Day::Counted(366), 0).is_err());
        assert!(with(Day::Weekday { month: 13, week: 1, weekday: 0 }, 0).is_err());
        assert!(with(Day::Weekday { month: 1, week: 0, weekday: 0 }, 0).is_err());
        assert!(with(Day::Common(1), 168 * 3_600).is_err());
    }
}
