//! How long lines, functions, files and the README may be.

use crate::finding::{Finding, expect_none, lines};
use crate::scan;
use crate::source::{Purpose, Source};
use crate::tree::{FILES, SOURCES};

/// What fits beside a second file on a screen.
const LINE_COLUMNS: usize = 100;

/// What fits on one screen.
const FUNCTION_LINES: usize = 70;

/// A file is one room; aim at 400 lines.
const FILE_LINES: usize = 600;

/// What a reader reads.
const README_LINES: usize = 150;

/// Shipped files that are longer than they may be, with the length they must not exceed. Entries
/// only ever shrink.
const OVERLONG: &[(&str, usize)] = &[];

fn long_lines(source: &Source) -> Vec<Finding> {
    let is_link = |line: &str| line.trim_start().starts_with("//") && line.contains("://");
    (1..)
        .zip(source.text.lines())
        .filter(|(_, line)| line.chars().count() > LINE_COLUMNS && !is_link(line))
        .map(|(number, line)| {
            let columns = line.chars().count();
            source.finding(number, format!("{columns} columns: break it at {LINE_COLUMNS}"))
        })
        .collect()
}

fn long_functions(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for word in scan::words(&source.lasting).filter(|word| word.text == "fn") {
        // `fn(u8) -> u8` is a type.
        if !word.after.trim_start().starts_with(scan::is_word) {
            continue;
        }
        let rest = &source.lasting[word.at..];
        let length = rest[..scan::item(rest)].lines().count();
        if length > FUNCTION_LINES {
            let advice = format!("{length} lines: keep the branches, move leaves below");
            findings.push(source.finding_at(word.at, advice));
        }
    }
    findings
}

fn code_lines(source: &Source) -> usize {
    source.lasting.lines().filter(|line| !line.trim().is_empty()).count()
}

fn long_files(sources: &[Source], overlong: &[(&str, usize)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.purpose == Purpose::Shipped) {
        let length = code_lines(source);
        let granted = overlong.iter().find(|(path, _)| *path == source.path);
        let limit = granted.map_or(FILE_LINES, |(_, limit)| *limit);
        if length > limit {
            let advice = format!("{length} lines of code, {limit} allowed: find the second noun");
            findings.push(source.finding(1, advice));
        }
    }
    for (path, limit) in overlong {
        let length = sources.iter().find(|source| source.path == *path).map(code_lines);
        if length.is_none_or(|length| length <= FILE_LINES || length < *limit) {
            let advice = "shorter now: lower its entry in OVERLONG, or drop it".to_owned();
            findings.push(Finding { path: (*path).to_owned(), line: 1, advice });
        }
    }
    findings
}

fn long_readme(path: &str, text: &str) -> Vec<Finding> {
    let length = text.lines().count();
    let advice = format!("{length} lines, {README_LINES} allowed: link instead");
    let finding = Finding { path: path.to_owned(), line: README_LINES + 1, advice };
    (length > README_LINES).then_some(finding).into_iter().collect()
}

mod tests {
    use super::*;

    #[test]
    fn a_line_has_at_most_100_columns() {
        expect_none(SOURCES.iter().flat_map(long_lines));
    }

    #[test]
    fn a_function_has_at_most_70_lines() {
        expect_none(SOURCES.iter().flat_map(long_functions));
    }

    #[test]
    fn a_shipped_file_has_at_most_600_lines_of_code() {
        expect_none(long_files(&SOURCES, OVERLONG));
    }

    #[test]
    fn the_readme_has_at_most_150_lines() {
        let readmes = FILES.iter().filter(|(path, _)| path == "README.md");
        expect_none(readmes.flat_map(|(path, text)| long_readme(path, text)));
    }

    #[test]
    fn long_lines_are_refused() {
        let long = "a".repeat(101);
        let text = format!("{}\n{long}\n/// <https://a.b/{long}>\n// {long}\n", "ä".repeat(100));
        assert_eq!(lines(&long_lines(&Source::new("core/src/a.rs", &text))), [2, 4]);
    }

    #[test]
    fn long_functions_are_refused() {
        let body = "    a();\n".repeat(69);
        let text = format!(
            "fn short() {{\n{}}}\nfn long(f: fn(u8)) {{\n{body}}}\n\
             #[test]\nfn test() {{\n{body}}}\n",
            "    a();\n".repeat(68)
        );
        let found = |path| lines(&long_functions(&Source::new(path, &text)));
        assert_eq!(found("core/src/a.rs"), [71]);
        assert!(found("tests/chaos/src/lib.rs").is_empty());
    }

    #[test]
    fn long_files_are_refused() {
        let text = |count: usize| {
            format!(
                "//! a\n\n{}#[cfg(test)]\nmod tests {{\nfn b() {{}}\n}}\n",
                "const A: u8 = 0;\n// b\n".repeat(count)
            )
        };
        let sources =
            [Source::new("core/src/a.rs", &text(600)), Source::new("core/src/b.rs", &text(601))];
        let paths = |overlong| -> Vec<String> {
            long_files(&sources, overlong).into_iter().map(|finding| finding.path).collect()
        };
        assert_eq!(paths(&[]), ["core/src/b.rs"]);
        assert_eq!(paths(&[("core/src/b.rs", 601)]), [""; 0]);
        assert_eq!(paths(&[("core/src/b.rs", 602)]), ["core/src/b.rs"]);
        assert_eq!(paths(&[("core/src/b.rs", 601), ("core/src/gone.rs", 9)]), ["core/src/gone.rs"]);
    }

    #[test]
    fn a_long_readme_is_refused() {
        assert!(long_readme("README.md", &"a\n".repeat(150)).is_empty());
        assert_eq!(lines(&long_readme("README.md", &"a\n".repeat(151))), [151]);
    }
}
