//! The files of the repository, found without git.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::source::Source;

/// Dot-folders that belong to the project; any other one belongs to a person's tools.
const DOT_FOLDERS: &[&str] = &[".cargo", ".ci", ".config", ".github"];

/// Every text file with its path from the root.
pub(crate) static FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut files = Vec::new();
    walk(&root(), "", &mut files);
    files.sort();
    files
});

/// Every Rust file.
pub(crate) static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let sources = FILES
        .iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, text)| Source::new(path, text))
        .collect();
    mark_tests(sources)
});

fn root() -> PathBuf {
    let member = Path::new(env!("CARGO_MANIFEST_DIR"));
    member.ancestors().nth(2).unwrap_or(member).to_owned()
}

/// Folders with a cache tag are cargo's target folders, whatever they are called.
fn walk(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    if folder.join("CACHEDIR.TAG").exists() {
        return;
    }
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let is_ours = !name.starts_with('.') || DOT_FOLDERS.contains(&name.as_str());
            if is_ours && name != "target" {
                walk(&entry.path(), &format!("{path}/"), files);
            }
        } else if kind.is_file()
            && name != ".git"
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            files.push((path, text));
        }
    }
}

/// A module declared under `#[cfg(test)]` is test code, and so is all below it.
fn mark_tests(sources: Vec<Source>) -> Vec<Source> {
    let modules: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    let is_test = |path: &str| {
        modules.iter().any(|module| {
            path.strip_prefix(module.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    };
    sources
        .into_iter()
        .map(|source| if is_test(&source.path) { source.into_test() } else { source })
        .collect()
}

mod tests {
    use super::*;
    use crate::source::Purpose;

    #[test]
    fn the_walk_finds_the_house_and_no_build_products() {
        let has = |wanted: &str| FILES.iter().any(|(path, _)| path == wanted);
        assert!(has("Cargo.toml") && has("core/src/lib.rs") && has(".ci/run"));
        assert!(!FILES.iter().any(|(path, _)| path.contains("target/")));
        assert!(SOURCES.len() > 10);
    }

    #[test]
    fn modules_declared_for_tests_are_test_code() {
        let sources = mark_tests(vec![
            Source::new("core/src/lib.rs", "#[cfg(test)]\nmod laws;\nmod time;"),
            Source::new("core/src/laws.rs", "fn a() {}"),
            Source::new("core/src/laws/cron.rs", "fn a() {}"),
            Source::new("core/src/time.rs", "fn a() {}"),
        ]);
        let purposes: Vec<Purpose> = sources.iter().map(|source| source.purpose).collect();
        assert_eq!(purposes, [Purpose::Shipped, Purpose::Test, Purpose::Test, Purpose::Shipped]);
    }
}
