//! One Rust file as the rules see it.

use crate::finding::Finding;
use crate::scan;

/// For whom a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Users get it.
    Shipped,
    /// Users read it.
    Example,
    /// Only we run it.
    Test,
}

/// A Rust file, its text scanned once.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) purpose: Purpose,
    /// The file itself.
    pub(crate) text: String,
    /// Without comments and literals.
    pub(crate) code: String,
    /// Moreover without test code; empty if the whole file is test code.
    pub(crate) lasting: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = scan::code(text);
        let purpose = purpose(path, &code);
        let lasting =
            if purpose == Purpose::Test { String::new() } else { scan::without_tests(&code) };
        Self { path: path.to_owned(), purpose, text: text.to_owned(), code, lasting }
    }

    /// The same file, known to be compiled for tests only.
    pub(crate) fn into_test(self) -> Self {
        Self { purpose: Purpose::Test, lasting: String::new(), ..self }
    }

    /// The last part of the path.
    pub(crate) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(crate) fn is_clock(&self) -> bool {
        self.file_name() == "clock.rs"
    }

    pub(crate) fn finding(&self, line: usize, advice: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, advice: advice.into() }
    }

    /// A finding at a byte, which is the same one in `text`, `code` and `lasting`.
    pub(crate) fn finding_at(&self, at: usize, advice: impl Into<String>) -> Finding {
        self.finding(scan::line_of(&self.text, at), advice)
    }

    /// Paths, without `.rs`, of the modules that this file declares for tests only.
    pub(crate) fn test_modules(&self) -> Vec<String> {
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "lib.rs" | "main.rs" | "mod.rs")) => folder,
            _ => self.path.strip_suffix(".rs").unwrap_or(&self.path),
        };
        self.code
            .match_indices("#[cfg(test)]")
            .filter_map(|(at, mark)| {
                let item = &self.code[at..][..scan::item(&self.code[at..])];
                let name = item[mark.len()..].trim().strip_suffix(';')?.rsplit_once("mod ")?.1;
                Some(format!("{folder}/{name}"))
            })
            .collect()
    }
}

fn purpose(path: &str, code: &str) -> Purpose {
    let folders: Vec<&str> = path.split('/').collect();
    let is_test_target = folders.iter().any(|folder| matches!(*folder, "tests" | "benches"));
    if is_test_target || code.contains("#![cfg(test)]") {
        Purpose::Test
    } else if folders.contains(&"examples") {
        Purpose::Example
    } else {
        Purpose::Shipped
    }
}

mod tests {
    use super::*;

    #[test]
    fn the_path_tells_the_purpose() {
        let purpose = |path| Source::new(path, "").purpose;
        assert_eq!(purpose("core/src/time.rs"), Purpose::Shipped);
        assert_eq!(purpose("examples/hello/src/main.rs"), Purpose::Example);
        assert_eq!(purpose("tests/tidy/src/lib.rs"), Purpose::Test);
        assert_eq!(purpose("adapters/sqlite/tests/conformance.rs"), Purpose::Test);
        assert_eq!(Source::new("core/src/a.rs", "//! a\n#![cfg(test)]").purpose, Purpose::Test);
    }

    #[test]
    fn modules_declared_for_tests_are_known() {
        let text = "mod a;\n#[cfg(test)]\nmod laws;\n#[cfg(test)]\nmod tests { mod b; }\n";
        assert_eq!(Source::new("core/src/lib.rs", text).test_modules(), ["core/src/laws"]);
        assert_eq!(Source::new("core/src/job.rs", text).test_modules(), ["core/src/job/laws"]);
    }
}
