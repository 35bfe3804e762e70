//! `mainspring next`: the instants that a trigger names, without any daemon or store.
//!
//! The options, what is printed and the exit codes are an interface for scripts and stay as they
//! are.

use core::str::FromStr;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use mainspring::trigger::AnyTrigger;
use mainspring::zone::Zones;
use mainspring_contract::trigger::{AtForm, CronForm, EveryForm, TriggerForm};
use mainspring_core::civil::Offset;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Dialect, Dst, Trigger, Within};
use mainspring_core::zone::{TimeZone, Zone};

use crate::{BAD_INPUT, clock, output};

/// A trigger and which of its instants to print.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("when").required(true).args(["cron", "every", "at", "trigger"]))]
pub(crate) struct Options {
    /// A cron pattern, such as "30 2 * * *" or "@daily"
    #[arg(long, value_name = "EXPR")]
    cron: Option<String>,

    /// How the pattern is read: crontab, quartz or apscheduler
    ///
    /// crontab: five fields, six with seconds first, or seven with years last. quartz: six or
    /// seven, Sunday is 1. apscheduler: named fields such as "day=2nd wed hour=9".
    #[arg(long, value_name = "NAME", default_value = "crontab", value_parser = dialect)]
    dialect: Dialect,

    /// What H in the pattern depends on, such as the id of a schedule
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,

    /// A fixed span, such as 90s or 1h30m, counted from --start, else from --from
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    every: Option<String>,

    /// One instant
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// Any trigger as text or as JSON, or @ and the name of a file that holds it
    ///
    /// at 2027-01-01T00:00:00Z; every 15m start ...; cron 0 9 * * mon-fri in Europe/Berlin;
    /// calendar 1mo anchor 2026-01-31 at 09:30 in Europe/Berlin; any(every 4h; cron @daily);
    /// all(every 3d; cron 0 0 * * mon) within 5m. The documentation of mainspring-contract, module
    /// trigger, has every word of it, and the same as JSON.
    #[arg(long, value_name = "TRIGGER-or-@FILE", conflicts_with_all = ["dialect", "seed", "dst"])]
    trigger: Option<String>,

    /// The zone of a --cron pattern, and the zone in which instants are shown
    #[arg(long, value_name = "ZONE", default_value = "UTC", allow_hyphen_values = true)]
    tz: String,

    /// Print instants after this one [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<Instant>,

    /// Print no instant before this one
    #[arg(long, value_name = "TIME")]
    start: Option<Instant>,

    /// Print no instant after this one
    #[arg(long, value_name = "TIME")]
    end: Option<Instant>,

    /// How many instants to print at most
    #[arg(long, value_name = "N", default_value_t = 5)]
    count: u64,

    /// Let an instant equal to --from count
    #[arg(long)]
    inclusive: bool,

    /// What becomes of --cron times that a clock change skips or repeats: once or literal
    ///
    /// once: a fixed time that is skipped fires when the gap ends, and one that is repeated fires
    /// on the first pass. literal: skipped times do not fire, repeated ones fire twice.
    #[arg(long, value_name = "POLICY", default_value = "once", value_parser = dst)]
    dst: Dst,

    /// Print a JSON array of strings instead of lines
    #[arg(long)]
    json: bool,
}

/// A time on the command line: RFC 3339 with an offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl FromStr for Instant {
    type Err = <Timestamp as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

pub(crate) fn dialect(name: &str) -> Result<Dialect, String> {
    match name {
        "crontab" => Ok(Dialect::Crontab),
        "quartz" => Ok(Dialect::Quartz),
        "apscheduler" => Ok(Dialect::ApScheduler),
        _ => Err("unknown dialect (write `crontab`, `quartz` or `apscheduler`)".to_owned()),
    }
}

pub(crate) fn dst(name: &str) -> Result<Dst, String> {
    match name {
        "once" => Ok(Dst::ONCE),
        "literal" => Ok(Dst::LITERAL),
        _ => Err("unknown policy (write `once` or `literal`)".to_owned()),
    }
}

/// Prints the instants that `options` ask for.
pub(crate) fn main(options: &Options) -> ExitCode {
    match run(options) {
        Ok(printed) => printed.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        Err(message) => {
            output::complain(&message);
            ExitCode::from(BAD_INPUT)
        }
    }
}

/// `Err`: what is wrong with the input; `Ok(Err)`: standard output failed.
fn run(options: &Options) -> Result<Result<(), ()>, String> {
    let from = options.from.map_or_else(clock::now, |from| from.0);
    let zones = Zones::system();
    let shown_in = zones.find(&options.tz).map_err(|error| format!("--tz: {error}"))?;
    let form = options.form(from)?;
    let trigger = AnyTrigger::compile(&form, &zones).map_err(|error| error.to_string())?;
    let bound = |instant: Option<Instant>| instant.map(|instant| instant.0);
    let trigger = Within { trigger, start: bound(options.start), end: bound(options.end) };
    let fires = fires(&trigger, from, options.inclusive);
    let count = usize::try_from(options.count).unwrap_or(usize::MAX);
    let printed =
        output::print(|out| write(out, fires.take(count), &shown_in.zone(), options.json));
    // Fewer than there are, which nobody should take for all.
    trigger.trigger.fault().map_or(Ok(printed), |fault| Err(options.blame(&fault)))
}

impl Options {
    fn form(&self, from: Timestamp) -> Result<TriggerForm, String> {
        let every = self.cron.as_deref().and_then(|expr| expr.trim().strip_prefix("@every "));
        if let (Some(expr), None) = (&self.cron, every) {
            let mut cron = CronForm::new(expr, &self.tz);
            (cron.dialect, cron.dst) = (self.dialect, self.dst);
            cron.seed.clone_from(&self.seed);
            return Ok(TriggerForm::Cron(cron));
        }
        if let Some(text) = every.or(self.every.as_deref()) {
            let span: Span = text.parse().map_err(|error| self.blame(&format!("{error}")))?;
            let mut every = EveryForm::new(span);
            every.anchor = Some(self.start.map_or(from, |start| start.0));
            return Ok(TriggerForm::Every(every));
        }
        if let Some(text) = &self.at {
            let time = text.parse().map_err(|error| self.blame(&format!("{error}")))?;
            return Ok(TriggerForm::At(AtForm { time }));
        }
        trigger_or_file(self.trigger.as_deref().unwrap_or_default())
    }

    /// A message that names the option at fault, on one line.
    fn blame(&self, why: &str) -> String {
        let given = [
            ("--cron", &self.cron),
            ("--every", &self.every),
            ("--at", &self.at),
            ("--trigger", &self.trigger),
        ];
        let given = given.iter().find_map(|(name, text)| Some((name, text.as_ref()?)));
        let (name, text) = given.unwrap_or((&"--trigger", &self.tz));
        blame(name, text, why)
    }
}

/// Reads a `--trigger`: text or JSON, or `@` and the name of a file with one of them.
pub(crate) fn trigger_or_file(given: &str) -> Result<TriggerForm, String> {
    let written = match given.strip_prefix('@') {
        Some(file) => fs::read_to_string(file).map_err(|error| {
            blame("--trigger", given, &format!("cannot read the file: {error}"))
        })?,
        None => given.to_owned(),
    };
    written.parse::<TriggerForm>().map_err(|error| blame("--trigger", given, &error.to_string()))
}

fn blame(name: &str, text: &str, why: &str) -> String {
    format!("{name} \"{}\": {why}", text.escape_debug())
}

/// The fires after `from`, or from it on.
fn fires(
    trigger: &impl Trigger,
    from: Timestamp,
    inclusive: bool,
) -> impl Iterator<Item = Timestamp> {
    trigger.fires(if inclusive { from - Span::from_micros(1) } else { from })
}

fn write(
    out: &mut impl Write,
    fires: impl Iterator<Item = Timestamp>,
    zone: &Zone<'_>,
    json: bool,
) -> io::Result<()> {
    let mut separator = "";
    if json {
        write!(out, "[")?;
    }
    for fire in fires {
        let shown = fire.at_offset(whole_minutes(zone.offset_at(fire)));
        if json {
            // RFC 3339 has no character that JSON would have to escape.
            write!(out, "{separator}\"{shown}\"")?;
            separator = ",";
        } else {
            writeln!(out, "{shown}")?;
        }
    }
    if json { writeln!(out, "]") } else { Ok(()) }
}

/// The offset in whole minutes, since RFC 3339 has no others; local mean times of the 19th century
/// have seconds. The instant stays the same.
pub(crate) fn whole_minutes(offset: Offset) -> Offset {
    let secs = offset.as_secs();
    Offset::from_secs(secs - secs % 60).unwrap_or(offset)
}
