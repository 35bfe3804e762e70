//! What is not written here: ignored tests, waiting for a duration, reading the clock, giving up.

use crate::finding::{Finding, expect_none, lines};
use crate::scan;
use crate::source::{Purpose, Source};
use crate::tree::SOURCES;

/// Ways to wait for a duration. `clock.sleep(…)` is not among them: it is what a clock.rs offers.
const SLEEPS: &[&str] = &["thread::sleep", "time::sleep", "sleep("];

/// Ways to read a clock.
const CLOCKS: &[&str] = &["SystemTime::now", "Instant::now", "Utc::now", "Local::now"];

/// Ways to give up, which users of a library must never meet.
const SURRENDERS: &[&str] = &[".unwrap()", ".unwrap_err()", "todo!", "unimplemented!", "dbg!"];

fn ignored_tests(source: &Source) -> Vec<Finding> {
    let advice = "an ignored test proves nothing: make it pass or remove it";
    let attributes = source.code.match_indices("#[ignore");
    let mut findings: Vec<Finding> =
        attributes.map(|(at, _)| source.finding_at(at, advice)).collect();
    for (number, line) in (1..).zip(source.text.lines()) {
        let doc = line.trim_start().strip_prefix("//").unwrap_or_default();
        let fence = doc.trim_start_matches(['/', '!']).trim_start().strip_prefix("```");
        if fence.is_some_and(|fence| fence.split(',').any(|word| word.starts_with("ignore"))) {
            findings.push(source.finding(number, advice));
        }
    }
    findings
}

fn sleeps(source: &Source) -> Vec<Finding> {
    let advice = "wait for a deadline in clock.rs, or in a test for a signal";
    if source.is_clock() {
        return Vec::new();
    }
    let code = source.code.replace(".sleep(", ".slept(");
    let mut findings = anywhere(source, &code, SLEEPS, advice);
    findings.dedup_by_key(|finding| finding.line);
    findings
}

fn clock_readings(source: &Source) -> Vec<Finding> {
    let advice = "only a file called clock.rs reads a clock: take a `Now` or an instant";
    if source.is_clock() { Vec::new() } else { anywhere(source, &source.code, CLOCKS, advice) }
}

fn surrenders(source: &Source) -> Vec<Finding> {
    let advice = "return the error, or `expect` the invariant that makes it impossible";
    if source.purpose == Purpose::Shipped {
        anywhere(source, &source.lasting, SURRENDERS, advice)
    } else {
        Vec::new()
    }
}

fn silenced_lints(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for mark in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
        for (at, _) in source.code.match_indices(mark) {
            let attribute = source.code[at..].trim_start_matches(['#', '!']);
            let attribute = &attribute[..scan::group(attribute)];
            if mark.contains("allow") || scan::occurrences(attribute, "reason").next().is_none() {
                let advice = "an exception to a lint is `#[expect(…, reason = \"…\")]`";
                findings.push(source.finding_at(at, advice));
            }
        }
    }
    findings
}

fn anywhere(source: &Source, code: &str, banned: &[&str], advice: &str) -> Vec<Finding> {
    let mut found: Vec<(usize, &str)> = banned
        .iter()
        .flat_map(|path| scan::occurrences(code, path).map(move |at| (at, *path)))
        .collect();
    found.sort_unstable();
    found
        .into_iter()
        .map(|(at, path)| source.finding_at(at, format!("`{path}`: {advice}")))
        .collect()
}

mod tests {
    use super::*;

    #[test]
    fn no_test_is_ignored() {
        expect_none(SOURCES.iter().flat_map(ignored_tests));
    }

    #[test]
    fn nothing_waits_for_a_duration_outside_clock_files() {
        expect_none(SOURCES.iter().flat_map(sleeps));
    }

    #[test]
    fn nothing_reads_a_clock_outside_clock_files() {
        expect_none(SOURCES.iter().flat_map(clock_readings));
    }

    #[test]
    fn shipped_code_does_not_give_up() {
        expect_none(SOURCES.iter().flat_map(surrenders));
    }

    #[test]
    fn every_exception_to_a_lint_has_its_reason() {
        expect_none(SOURCES.iter().flat_map(silenced_lints));
    }

    fn source(text: &str) -> Source {
        Source::new("core/src/a.rs", text)
    }

    #[test]
    fn ignored_tests_are_refused() {
        let fences = ["", "ignore", "rust,ignore", "text"].join("\n/// ```");
        let text = format!("#[test]\n#[ignore = \"slow\"]\nfn a() {{}}{fences}\n");
        assert_eq!(lines(&ignored_tests(&source(&text))), [2, 4, 5]);
    }

    #[test]
    fn sleeps_are_refused() {
        let text = "fn a() {\n std::thread::sleep(b);\n tokio::time::sleep(c);\n \
                    use std::thread::sleep;\n sleep(d);\n}\n// thread::sleep(e)\n\
                    #[test]\nfn f() { thread::sleep(g) }\n\
                    fn asleep() { deep_sleep(h); self.clock.sleep(i) }";
        assert_eq!(lines(&sleeps(&source(text))), [2, 3, 4, 5, 9]);
        assert!(sleeps(&Source::new("std-runtime/src/clock.rs", text)).is_empty());
    }

    #[test]
    fn clock_readings_are_refused() {
        let text = "fn a() {\n SystemTime::now();\n tokio::time::Instant::now();\n b::now();\n}";
        assert_eq!(lines(&clock_readings(&source(text))), [2, 3]);
        assert_eq!(lines(&clock_readings(&Source::new("tests/chaos/src/lib.rs", text))), [2, 3]);
        assert!(clock_readings(&Source::new("std-runtime/src/clock.rs", text)).is_empty());
    }

    #[test]
    fn giving_up_is_refused() {
        let text = "fn a() {\n b.unwrap();\n c.unwrap_or(d);\n todo!();\n dbg!(e);\n \
                    unimplemented!()\n}\n/// f.unwrap()\n\
                    #[cfg(test)]\nmod tests { fn g() { h.unwrap() } }";
        assert_eq!(lines(&surrenders(&source(text))), [2, 4, 5, 6]);
        assert!(surrenders(&Source::new("tests/chaos/src/lib.rs", text)).is_empty());
    }

    #[test]
    fn silenced_lints_are_refused() {
        let text = "#![allow(a)]\n#[allow(b, reason = \"c\")]\n#[expect(d)]\n\
                    #[expect(\n e,\n reason = \"f\"\n)]\nfn g() {}";
        let mut found = lines(&silenced_lints(&source(text)));
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3]);
    }
}
