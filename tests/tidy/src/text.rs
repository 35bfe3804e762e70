//! What files say and how they hang together: their first line, paths of machines, SQL.

use crate::finding::{Finding, expect_none, lines};
use crate::scan;
use crate::source::Source;
use crate::tree::{FILES, SOURCES};

fn missing_opening(source: &Source) -> Vec<Finding> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![source.finding(1, "open the file with `//!` and one sentence of what it is")]
}

/// The folders in which the machines of single people keep things. A person's home is followed by a
/// name, the other two stand for themselves.
const MACHINES: &[&str] = &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];

fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let is_found = MACHINES.iter().any(|machine| {
            line.match_indices(machine).any(|(at, _)| {
                // Inside a longer path it is a folder of that path, not of the machine.
                let is_absolute =
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.~}>)/".contains(c));
                let names = line[at + machine.len()..].starts_with(scan::is_word);
                is_absolute && (names || *machine != MACHINES[0])
            })
        });
        if is_found {
            let advice = "a path of one machine: make it relative, or take it from outside";
            findings.push(Finding {
                path: path.to_owned(),
                line: number,
                advice: advice.to_owned(),
            });
        }
    }
    findings
}

fn unused_sql(files: &[(String, String)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, _) in files.iter().filter(|(path, _)| path.ends_with(".sql")) {
        let Some((adapter, name)) = path.split_once("/src/sql/") else {
            let advice = "SQL lives in the `src/sql` of its adapter".to_owned();
            findings.push(Finding { path: path.clone(), line: 1, advice });
            continue;
        };
        let folder = format!("{adapter}/src/");
        let is_used = files
            .iter()
            .filter(|(path, _)| path.starts_with(&folder) && path.ends_with(".rs"))
            .any(|(_, text)| names_file(&scan::uncommented(text), name));
        if !is_used {
            let advice = format!("no Rust file of `{adapter}` names it: use it or remove it");
            findings.push(Finding { path: path.clone(), line: 1, advice });
        }
    }
    findings
}

/// Whether a literal in `text` ends with the path `name`.
fn names_file(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name}\"")).any(|(at, _)| text[..at].ends_with(['/', '"']))
}

mod tests {
    use super::*;

    #[test]
    fn every_file_opens_with_what_it_is() {
        expect_none(SOURCES.iter().flat_map(missing_opening));
    }

    #[test]
    fn no_file_names_a_path_of_one_machine() {
        expect_none(FILES.iter().flat_map(|(path, text)| machine_paths(path, text)));
    }

    #[test]
    fn every_sql_file_is_used_by_its_adapter() {
        expect_none(unused_sql(&FILES));
    }

    #[test]
    fn a_file_without_an_opening_is_refused() {
        let found = |text| missing_opening(&Source::new("core/src/a.rs", text)).len();
        assert_eq!(found("//! A room.\n"), 0);
        assert_eq!(found("// A room.\n"), 1);
        assert_eq!(found("use core::fmt;\n//! A room.\n"), 1);
        assert_eq!(found("//!\n"), 1);
    }

    #[test]
    fn paths_of_machines_are_refused() {
        let [home, root, work] = [MACHINES[0], MACHINES[1], MACHINES[2]];
        let text = format!(
            "a = \"{home}alice/b\"\ncd {root}b\n({work}main)\n\
             https://example.com{work}main\n$HOME{work}b ..{root}c {home}<name>\n"
        );
        assert_eq!(lines(&machine_paths("README.md", &text)), [1, 2, 3]);
    }

    #[test]
    fn unused_sql_is_refused() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let files = [
            file("adapters/sqlite/src/sql/claim.sql", ""),
            file("adapters/sqlite/src/sql/aim.sql", ""),
            file("adapters/sqlite/src/sql/renew.sql", ""),
            file("adapters/sqlite/src/sql/migration/1.sql", ""),
            file(
                "adapters/sqlite/src/claim.rs",
                "const A: &str = include_str!(\"sql/claim.sql\");",
            ),
            file("adapters/sqlite/src/renew.rs", "// include_str!(\"sql/renew.sql\")"),
            file("adapters/sqlite/src/schema.rs", "sql!(\"migration/1.sql\")"),
            file("adapters/mysql/src/lib.rs", "include_str!(\"sql/renew.sql\")"),
            file("core/src/stray.sql", ""),
        ];
        let paths: Vec<String> = unused_sql(&files).into_iter().map(|found| found.path).collect();
        let expected = [
            "adapters/sqlite/src/sql/aim.sql",
            "adapters/sqlite/src/sql/renew.sql",
            "core/src/stray.sql",
        ];
        assert_eq!(paths, expected);
    }
}
