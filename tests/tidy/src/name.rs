//! Names: files are nouns of the domain, and each thing has one word.

use crate::finding::{Finding, expect_none, lines};
use crate::scan::{self, Word};
use crate::source::Source;
use crate::tree::SOURCES;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "misc", "types", "manager", "service"];

/// Endings of type names that say nothing about the thing.
const EMPTY_ENDINGS: &[&str] = &["Manager", "Handler", "Helper", "Data", "Info"];

/// Beginnings of function names that add nothing, or that make a reader negate twice. `get_mut`
/// stays: every collection of std has it.
const EMPTY_BEGINNINGS: &[&str] = &["get_", "is_not_"];

/// Words for which the house has another one, with that one. "lock" is not here: a mutex has one.
const SYNONYMS: &[(&str, &str)] = &[
    ("acquire", "claim"),
    ("acquired", "claimed"),
    ("acquires", "claims"),
    ("acquiring", "claiming"),
    ("acquisition", "claim"),
    ("ack", "settle"),
    ("acks", "settles"),
    ("acked", "settled"),
    ("nack", "release"),
    ("execution", "attempt"),
    ("executions", "attempts"),
];

fn empty_paths(source: &Source) -> Vec<Finding> {
    let stem = source.path.strip_suffix(".rs").unwrap_or(&source.path);
    let in_path = stem.split('/').any(|part| EMPTY_NAMES.contains(&part));
    let advice = "name it after what is inside";
    let mut findings: Vec<Finding> =
        in_path.then(|| source.finding(1, advice)).into_iter().collect();
    let modules = declared(&source.code, &["mod"]);
    findings.extend(
        modules
            .filter(|word| EMPTY_NAMES.contains(&word.text))
            .map(|word| source.finding_at(word.at, advice)),
    );
    findings
}

fn empty_type_names(source: &Source) -> Vec<Finding> {
    declared(&source.lasting, &["struct", "enum", "trait", "type", "union"])
        .filter(|word| EMPTY_ENDINGS.iter().any(|ending| word.text.ends_with(ending)))
        .map(|word| {
            let advice = format!("`{}`: say what it is, not that it is something", word.text);
            source.finding_at(word.at, advice)
        })
        .collect()
}

fn empty_function_names(source: &Source) -> Vec<Finding> {
    declared(&source.lasting, &["fn"])
        .filter(|word| word.text != "get_mut")
        .filter(|word| EMPTY_BEGINNINGS.iter().any(|start| word.text.starts_with(start)))
        .map(|word| {
            source.finding_at(word.at, format!("`{}`: drop `get_`, say it positively", word.text))
        })
        .collect()
}

fn synonyms(source: &Source) -> Vec<Finding> {
    scan::words(&source.lasting)
        // Behind `.` or `::` stands a name of someone else's, or one found where it is declared.
        .filter(|word| !word.before.trim_end().ends_with(['.', ':']) || follows_colon(word))
        .filter_map(|word| {
            let (_, ours) =
                SYNONYMS.iter().find(|(other, _)| parts(word.text).any(|part| part == *other))?;
            Some(source.finding_at(word.at, format!("`{}`: our word is `{ours}`", word.text)))
        })
        .collect()
}

/// `a: acquire` is a use of the name, `a::acquire` is a path.
fn follows_colon(word: &Word<'_>) -> bool {
    let before = word.before.trim_end();
    before.ends_with(':') && !before.ends_with("::")
}

/// The names declared by one of the `keywords`.
fn declared<'a>(code: &'a str, keywords: &'a [&str]) -> impl Iterator<Item = Word<'a>> {
    let mut previous = "";
    scan::words(code).filter(move |word| {
        let is_declared = keywords.contains(&previous);
        previous = word.text;
        is_declared
    })
}

/// The lower-case words of which `CamelCase` and `snake_case` names are made.
fn parts(name: &str) -> impl Iterator<Item = String> {
    let mut parts = vec![String::new()];
    let mut before_is_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && before_is_lower) {
            parts.push(String::new());
        }
        before_is_lower = c.is_lowercase() || c.is_numeric();
        if c != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(c.to_lowercase());
        }
    }
    parts.into_iter().filter(|part| !part.is_empty())
}

mod tests {
    use super::*;

    #[test]
    fn files_and_modules_are_named_after_what_is_inside() {
        expect_none(SOURCES.iter().flat_map(empty_paths));
    }

    #[test]
    fn types_are_named_after_what_they_are() {
        expect_none(SOURCES.iter().flat_map(empty_type_names));
    }

    #[test]
    fn functions_have_no_get_and_no_double_negation() {
        expect_none(SOURCES.iter().flat_map(empty_function_names));
    }

    #[test]
    fn each_thing_has_one_word() {
        expect_none(SOURCES.iter().flat_map(synonyms));
    }

    fn source(text: &str) -> Source {
        Source::new("core/src/a.rs", text)
    }

    #[test]
    fn empty_paths_are_refused() {
        assert_eq!(empty_paths(&Source::new("core/src/utils.rs", "")).len(), 1);
        assert_eq!(empty_paths(&Source::new("core/src/types/cron.rs", "")).len(), 1);
        assert_eq!(lines(&empty_paths(&source("mod time;\nmod helpers {}"))), [2]);
        assert!(empty_paths(&Source::new("core/src/utility.rs", "mod zone;")).is_empty());
    }

    #[test]
    fn empty_type_names_are_refused() {
        let text = "struct JobManager;\nenum A {}\ntrait EventHandler {}\nuse b::HookInfo;";
        assert_eq!(lines(&empty_type_names(&source(text))), [1, 3]);
    }

    #[test]
    fn empty_function_names_are_refused() {
        let text =
            "fn get_job() {}\nfn target() {}\nfn is_not_due() {}\nfn get_mut() { a.get_b() }";
        assert_eq!(lines(&empty_function_names(&source(text))), [1, 3]);
    }

    #[test]
    fn synonyms_are_refused() {
        let text = "fn acquire_job() {}\nstruct JobExecution;\nfn f(a: Ack) { let acks = 1; }";
        assert_eq!(lines(&synonyms(&source(text))), [1, 2, 3, 3]);
        let fine = "fn f() { a.acquire(); b::acquire(); Ordering::Acquire; packs(); back() }";
        assert!(synonyms(&source(fine)).is_empty());
        assert!(synonyms(&Source::new("tests/chaos/src/lib.rs", text)).is_empty());
    }
}
