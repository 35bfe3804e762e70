//! Today's rule of every named time zone, for firmware: no file system, no history, no heap.
//!
//! Many zones share a rule, so this is one text of rules and one of names. In a `const`, a name is
//! looked up by the compiler and only the [`Rule`] itself gets into the program; at run time both
//! texts do. A rule knows nothing of the past, nor of changes that are decided but not yet in
//! force: a server that has zone files reads those instead.
//!
//! Both texts are written by a test from the database that the project bundles (`zone_table` in
//! core's tests), which also keeps them current.

use super::Rule;

/// The release of the time zone database, such as `2026a`, that the table is from.
pub const VERSION: &str = include_str!("table/version.txt").trim_ascii();

/// One POSIX rule a line.
const RULES: &str = include_str!("table/rules.txt");

/// A name, a blank and the number of its rule a line.
const NAMES: &str = include_str!("table/names.txt");

/// The present rule of the zone of this name, in any case; `None` if there is no such zone.
///
/// ```
/// use mainspring_core::zone::{Rule, table};
/// const BERLIN: Rule = table::rule("Europe/Berlin").expect("a name that exists");
/// assert_eq!(BERLIN, "CET-1CEST,M3.5.0,M10.5.0/3".parse()?);
/// assert_eq!(table::rule("europe/BERLIN"), Some(BERLIN));
/// assert_eq!(table::rule("Europe/Atlantis"), None);
/// # Ok::<(), mainspring_core::zone::RuleError>(())
/// ```
pub const fn rule(name: &str) -> Option<Rule> {
    let (names, name) = (NAMES.as_bytes(), name.as_bytes());
    let mut at = 0;
    while at < names.len() {
        let end = end_of(names, at, b' ');
        let line_end = end_of(names, end, b'\n');
        if end - at == name.len() && is_same(names, at, name) {
            return numbered(number(names, end + 1, line_end));
        }
        at = line_end + 1;
    }
    None
}

/// The names that [`rule`] knows, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.lines().filter_map(|line| Some(line.split_once(' ')?.0))
}

/// The different rules, as POSIX writes them.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.lines()
}

const fn numbered(mut number: usize) -> Option<Rule> {
    let rules = RULES.as_bytes();
    let mut at = 0;
    while number > 0 {
        at = end_of(rules, at, b'\n') + 1;
        number -= 1;
    }
    let (_, rest) = rules.split_at(at);
    let (text, _) = rest.split_at(end_of(rest, 0, b'\n'));
    match Rule::from_bytes(text) {
        Ok(rule) => Some(rule),
        Err(_) => None,
    }
}

/// Where the next `byte` is, from `at` on; the end of the text if there is none.
const fn end_of(text: &[u8], mut at: usize, byte: u8) -> usize {
    while at < text.len() && text[at] != byte {
        at += 1;
    }
    at
}

const fn is_same(text: &[u8], at: usize, name: &[u8]) -> bool {
    let mut i = 0;
    while i < name.len() {
        if !text[at + i].eq_ignore_ascii_case(&name[i]) {
            return false;
        }
        i += 1;
    }
    true
}

const fn number(text: &[u8], mut at: usize, end: usize) -> usize {
    let mut number = 0;
    while at < end {
        number = number * 10 + (text[at] - b'0') as usize;
        at += 1;
    }
    number
}
