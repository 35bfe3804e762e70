//! `mainspring explain`: what a trigger says, when it fires, and what clock changes do to it.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgGroup, Args};
use mainspring::trigger::AnyTrigger;
use mainspring::zone::Zones;
use mainspring_contract::trigger::{CronForm, TriggerForm};
use mainspring_core::civil::TimeOfDay;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::cron::{ClockChange, Effect};
use mainspring_core::trigger::{Dialect, Dst, ExtendedCron, Trigger};
use mainspring_core::zone::{OwnedZone, TimeZone};

use crate::next::{Instant, dialect, dst, trigger_or_file, whole_minutes};
use crate::{BAD_INPUT, clock, output};

/// A trigger and how much of it to show.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("when").required(true).args(["expr", "trigger"]))]
pub(crate) struct Options {
    /// A cron pattern, such as "30 2 * * *"
    #[arg(value_name = "EXPR")]
    expr: Option<String>,

    /// Any trigger as text or as JSON, or @ and the name of a file that holds it
    ///
    /// As for `mainspring next`, whose help has examples.
    #[arg(long, value_name = "TRIGGER-or-@FILE", conflicts_with_all = ["dialect", "seed", "dst"])]
    trigger: Option<String>,

    /// How the pattern is read: crontab, quartz or apscheduler
    #[arg(long, value_name = "NAME", default_value = "crontab", value_parser = dialect)]
    dialect: Dialect,

    /// What H in the pattern depends on, such as the id of a schedule
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,

    /// Whose clocks the pattern follows; of a trigger, in which zone instants are shown
    ///
    /// Without it, instants of a trigger are shown in the zone that it names itself.
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    tz: Option<String>,

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

/// Explains the trigger of `options`.
pub(crate) fn main(options: &Options) -> ExitCode {
    match Explained::new(options) {
        Ok(explained) => output::print(|out| explained.write(out)).map_or(
            ExitCode::FAILURE,
            |()| match explained.trigger.fault() {
                None => ExitCode::SUCCESS,
                Some(fault) => refuse(&fault),
            },
        ),
        Err(message) => refuse(&message),
    }
}

fn refuse(message: &str) -> ExitCode {
    output::complain(message);
    ExitCode::from(BAD_INPUT)
}

/// A trigger and what is shown of it.
struct Explained {
    form: TriggerForm,
    /// It was given as a cron pattern.
    is_pattern: bool,
    trigger: AnyTrigger,
    /// Where instants are shown.
    zone: Arc<OwnedZone>,
    from: Timestamp,
    count: usize,
}

impl Explained {
    fn new(options: &Options) -> Result<Self, String> {
        let zones = Zones::system();
        let find = |name: &str| zones.find(name).map_err(|error| format!("--tz: {error}"));
        let shown_in = options.tz.as_deref().map(find).transpose()?;
        let form = match (&options.expr, &options.trigger) {
            (Some(expr), _) => {
                let mut cron = CronForm::new(expr, options.tz.as_deref().unwrap_or("UTC"));
                (cron.dialect, cron.dst) = (options.dialect, options.dst);
                cron.seed.clone_from(&options.seed);
                TriggerForm::Cron(cron)
            }
            (None, text) => trigger_or_file(text.as_deref().unwrap_or_default())?,
        };
        let trigger = AnyTrigger::compile(&form, &zones).map_err(|error| {
            let written = options.expr.as_deref().map(str::parse::<TriggerForm>);
            let hint =
                if let Some(Ok(_)) = written { " (a trigger goes with --trigger)" } else { "" };
            format!("{error}{hint}")
        })?;
        let zone = match (shown_in, trigger.zone()) {
            (Some(zone), _) => zone,
            (None, Some(own)) => Arc::new(own.clone()),
            (None, None) => find("UTC")?,
        };
        let from = options.from.map_or_else(clock::now, |from| from.0);
        let count = usize::try_from(options.count).unwrap_or(usize::MAX);
        let is_pattern = options.expr.is_some();
        Ok(Self { form, is_pattern, trigger, zone, from, count })
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", self.trigger.description())?;
        writeln!(out, "written as: {}", self.canonical())?;
        let fires: Vec<_> = self.trigger.fires(self.from).take(self.count).collect();
        let until = fires.last().copied().unwrap_or(self.from);
        // A change shortly after the last fire may still touch it, as a fold does its first pass.
        let changes = self.trigger.clock_changes(self.from - FOLD, until + FOLD);
        let mut told = 0;
        for &fire in &fires {
            while let Some(change) = changes.get(told).filter(|change| change.at <= fire) {
                announce(out, change, self.from)?;
                told += 1;
            }
            let offset = whole_minutes(self.zone.zone().offset_at(fire));
            write!(out, "{}", fire.at_offset(offset))?;
            if let Some(mark) = changes.iter().find_map(|change| mark(change, fire)) {
                write!(out, "  {mark}")?;
            }
            writeln!(out)?;
        }
        if fires.len() < self.count && self.trigger.fault().is_none() {
            let more = if fires.is_empty() { "" } else { " more" };
            writeln!(out, "no{more} instants")?;
        }
        Ok(())
    }

    /// A pattern in its usual form, if it was given as such; a trigger as text.
    fn canonical(&self) -> String {
        let (true, TriggerForm::Cron(cron)) = (self.is_pattern, &self.form) else {
            return self.form.to_string();
        };
        let parsed = match &cron.seed {
            Some(seed) => ExtendedCron::hashed(&cron.expr, cron.dialect, seed),
            None => ExtendedCron::parse(&cron.expr, cron.dialect),
        };
        parsed.map_or_else(|_| cron.expr.clone(), |cron| cron.to_string())
    }
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
