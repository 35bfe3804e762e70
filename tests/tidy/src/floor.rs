//! Core's modules stand on floors and import only downwards.
//!
//! On one floor they stand from left to right and may import from the left, so that the modules are
//! in one order and no circle can arise.

use crate::finding::{Finding, expect_none, lines};
use crate::scan;
use crate::source::{Purpose, Source};
use crate::tree::SOURCES;

/// The floors of core, from the ground up. A new module is a new word here.
const FLOORS: &[&[&str]] = &[
    &["time", "id", "limits"],
    &["number", "lane", "index", "table", "queue", "order", "room"],
    &["few", "note", "dice", "offer", "settings", "domain", "outcome", "task"],
    &["civil", "zone", "trigger", "exclude"],
    &["overlap", "schedule"],
    &["fire", "lease", "pulse"],
    &["retry", "job"],
    &["verb", "ledger"],
    &["planner", "worker"],
    &["log"],
];

/// The place of a module in the one order of all.
fn place(module: &str) -> Option<usize> {
    FLOORS.iter().copied().flatten().position(|name| *name == module)
}

fn upward_imports(source: &Source) -> Vec<Finding> {
    let Some(inside) = source.path.strip_prefix("core/src/") else { return Vec::new() };
    // lib.rs is the door, not a room; test code may look anywhere.
    if inside == "lib.rs" || source.purpose == Purpose::Test {
        return Vec::new();
    }
    let path = module_path(inside);
    let Some(place) = path.first().and_then(|module| place(module)) else {
        let advice = "a module without a floor: add it to FLOORS in tests/tidy/src/floor.rs";
        return vec![source.finding(1, advice)];
    };
    imports(&source.lasting, path.len())
        .into_iter()
        .filter_map(|(at, target)| {
            let advice = match self::place(target) {
                _ if path.first() == Some(&target) => return None,
                Some(other) if other < place => return None,
                Some(_) => format!("`{target}` is not below `{}`: see FLOORS", path[0]),
                None => format!("`{target}` is no module on FLOORS: import from where it lives"),
            };
            Some(source.finding_at(at, advice))
        })
        .collect()
}

/// `trigger/cron/parse.rs` is `trigger::cron::parse`, `trigger/mod.rs` is `trigger`.
fn module_path(inside: &str) -> Vec<&str> {
    let stem = inside.strip_suffix(".rs").unwrap_or(inside);
    stem.strip_suffix("/mod").unwrap_or(stem).split('/').collect()
}

/// The modules that code `depth` modules deep names, with where it does.
fn imports(code: &str, depth: usize) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut supers = 0;
    for word in scan::words(code) {
        let Some(rest) = word.after.strip_prefix("::") else {
            supers = 0;
            continue;
        };
        let reaches_root = match word.text {
            "crate" => true,
            "super" => {
                supers += 1;
                supers == depth
            }
            _ => false,
        };
        if reaches_root {
            found.extend(first_words(rest).map(|(at, name)| (code.len() - rest.len() + at, name)));
        }
        if word.text != "super" {
            supers = 0;
        }
    }
    found.retain(|(_, name)| *name != "super" && *name != "self");
    found
}

/// The first word of `a::b`, or of each part of `{a::b, c::{d, e}}`.
fn first_words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let (start, end) = if code.starts_with('{') { (1, scan::group(code)) } else { (0, code.len()) };
    let mut at = start;
    let mut done = false;
    std::iter::from_fn(move || {
        while !done && at < end {
            let rest = &code[at..end];
            if rest.starts_with('{') {
                at += scan::group(rest);
                continue;
            }
            let Some(c) = rest.chars().next() else { break };
            if !scan::is_word(c) {
                at += c.len_utf8();
                continue;
            }
            let length = rest.find(|c| !scan::is_word(c)).unwrap_or(rest.len());
            let word = (at, &rest[..length]);
            // The rest of this part, up to the comma, is no first word.
            at += length;
            while at < end && !code[at..].starts_with(',') {
                let rest = &code[at..];
                at += match rest.chars().next() {
                    Some('{') => scan::group(rest),
                    Some(c) => c.len_utf8(),
                    None => 1,
                };
            }
            done = start == 0;
            return Some(word);
        }
        None
    })
}

mod tests {
    use super::*;

    #[test]
    fn core_imports_only_downwards() {
        expect_none(SOURCES.iter().flat_map(upward_imports));
    }

    #[test]
    fn a_module_has_one_floor() {
        let mut names: Vec<&str> = FLOORS.iter().copied().flatten().copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    fn found(path: &str, text: &str) -> Vec<usize> {
        lines(&upward_imports(&Source::new(path, text)))
    }

    #[test]
    fn imports_from_above_are_refused() {
        let text = "use crate::time::Span;\nuse crate::fire::Fires;\nuse crate::{\n  id::Id,\n  \
                    job::{Job, State},\n  planner,\n};\nfn f() -> crate::job::Job {}\n\
                    use crate::schedule::lease::A;\n// crate::job\n\
                    #[cfg(test)]\nmod tests { use crate::planner::A; }";
        assert_eq!(found("core/src/schedule.rs", text), [2, 5, 6, 8]);
        assert!(found("std-runtime/src/schedule.rs", text).is_empty());
        assert!(found("core/src/lib.rs", text).is_empty());
    }

    #[test]
    fn imports_through_super_are_seen() {
        assert_eq!(found("core/src/lease.rs", "use super::job::Job;"), [1]);
        let text = "use super::job::A;\nuse super::super::job::B;\nuse super::super::{time, fire};";
        assert_eq!(found("core/src/trigger/at.rs", text), [2, 3]);
        assert_eq!(found("core/src/trigger/mod.rs", "use super::{time, fire};"), [1]);
    }

    #[test]
    fn on_one_floor_imports_go_to_the_left() {
        assert!(found("core/src/zone.rs", "use crate::civil::Date;").is_empty());
        assert_eq!(found("core/src/civil.rs", "use crate::zone::Zone;"), [1]);
    }

    #[test]
    fn a_module_without_a_floor_is_refused() {
        assert_eq!(found("core/src/attic.rs", ""), [1]);
        assert_eq!(found("core/src/job.rs", "use crate::Timestamp;"), [1]);
    }
}
