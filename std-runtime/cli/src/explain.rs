//! `mainspring explain`: what a cron pattern says, when it fires, and what clock changes do to it.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use mainspring::zone::Zones;
use mainspring_core::civil::TimeOfDay;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::cron::{ClockChange, Effect};
use mainspring_core::trigger::{CronIn, Dialect, Dst, ExtendedCron, Trigger};
use mainspring_core::zone::{OwnedZone, TimeZone};

use crate::next::{Instant, dialect, dst, whole_minutes};
use crate::{BAD_INPUT, clock, output};

/// A pattern and how much of it to show.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The pattern, such as "30 2 * * *"
    #[arg(value_name = "EXPR")]
    expr: String,

    /// How the pattern is read: crontab, quartz or apscheduler
    #[arg(long, value_name = "NAME", default_value = "crontab", value_parser = dialect)]
    dialect: Dialect,

    /// What H in the pattern depends on, such as the id of a schedule
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,

    /// Whose clocks the pattern follows
    #[arg(long, value_name = "ZONE", default_value = "UTC", allow_hyphen_values = true)]
    tz: String,

    /// What becomes of times that a clock change skips or repeats: once or literal
    #[arg(long, value_name = "POLICY", default_value = "once", value_parser = dst)]
    dst: Dst,

    /// Show instants after this one [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<Instant>,

    /// How many instants to show at most
    #[arg(long, value_name = "N", default_value_t = 5)]
    count: u64,
}

/// Explains the pattern of `options`.
pub(crate) fn main(options: &Options) -> ExitCode {
    let from = options.from.map_or_else(clock::now, |from| from.0);
    match options.trigger() {
        Ok(trigger) => output::print(|out| write(out, options, &trigger, from))
            .map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        Err(message) => {
            output::complain(&message);
            ExitCode::from(BAD_INPUT)
        }
    }
}

type Zoned = CronIn<Arc<OwnedZone>, ExtendedCron>;

impl Options {
    fn trigger(&self) -> Result<Zoned, String> {
        let parsed = match &self.seed {
            Some(seed) => ExtendedCron::hashed(&self.expr, self.dialect, seed),
            None => ExtendedCron::parse(&self.expr, self.dialect),
        };
        let cron = parsed.map_err(|error| format!("cron pattern `{}`: {error}", self.expr))?;
        let zone = Zones::system().find(&self.tz).map_err(|error| format!("--tz: {error}"))?;
        Ok(CronIn { cron, zone, dst: self.dst })
    }
}

fn write(
    out: &mut impl Write,
    options: &Options,
    trigger: &Zoned,
    from: Timestamp,
) -> io::Result<()> {
    writeln!(out, "{}, {}", trigger.cron.describe(), options.tz)?;
    writeln!(out, "written as: {}", trigger.cron)?;
    let count = usize::try_from(options.count).unwrap_or(usize::MAX);
    let next = |t: Timestamp| trigger.next_after(t);
    let fires: Vec<_> = std::iter::successors(next(from), |&t| next(t)).take(count).collect();
    let until = fires.last().copied().unwrap_or(from);
    // A change shortly after the last fire may still touch it, as a fold does its first pass.
    let changes: Vec<_> = trigger.clock_changes(from - FOLD, until + FOLD).collect();
    let mut told = 0;
    for fire in fires {
        while let Some(change) = changes.get(told).filter(|change| change.at <= fire) {
            announce(out, change, from)?;
            told += 1;
        }
        let offset = whole_minutes(trigger.zone.zone().offset_at(fire));
        write!(out, "{}", fire.at_offset(offset))?;
        if let Some(mark) = changes.iter().find_map(|change| mark(change, fire)) {
            write!(out, "  {mark}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The longest fold there has been is a day.
const FOLD: Span = Span::from_days(1);

/// A line about times that do not fire, and so have none of their own.
fn announce(out: &mut impl Write, change: &ClockChange, from: Timestamp) -> io::Result<()> {
    if change.effect != Effect::Skipped || change.at <= from {
        return Ok(());
    }
    let (first, last) = (short(change.wall.time), short(change.last.time));
    let date = change.wall.date;
    if first == last {
        writeln!(out, "{date} {first} is skipped: clocks go forward over it")
    } else {
        writeln!(out, "{date} {first} to {last} are skipped: clocks go forward over them")
    }
}

/// What a clock change does to a fire.
fn mark(change: &ClockChange, fire: Timestamp) -> Option<String> {
    let length = i64::from((change.after.as_secs() - change.before.as_secs()).abs());
    let since = fire.since(change.at).as_micros().div_euclid(1_000_000);
    let wall = short(change.wall.time);
    match change.effect {
        Effect::AtEnd if fire == change.at => Some(format!("moved: clocks go forward over {wall}")),
        Effect::Shifted if (0..length).contains(&since) => {
            Some(format!("moved: clocks go forward over {wall}"))
        }
        Effect::First if (-length..0).contains(&since) => Some("first of two passes".to_owned()),
        Effect::Second if (0..length).contains(&since) => Some("second of two passes".to_owned()),
        Effect::Doubled if (-length..0).contains(&since) => {
            Some("doubled: first of two passes".to_owned())
        }
        Effect::Doubled if (0..length).contains(&since) => {
            Some("doubled: second of two passes".to_owned())
        }
        _ => None,
    }
}

/// Hours and minutes, with seconds only if there are some.
fn short(time: TimeOfDay) -> String {
    match time.second() {
        0 => format!("{:02}:{:02}", time.hour(), time.minute()),
        _ => time.to_string(),
    }
}
