//! What is wrong with a file, and where.

use core::cell::RefCell;
use core::fmt;
use core::ops::Range;
use std::path::{Path, PathBuf};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used and hardly means what it says.
    Warning,
}

/// One thing that is wrong, shown as `file:line:column: error: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    file: PathBuf,
    line: usize,
    column: usize,
    /// Whether it makes the file unusable.
    pub(crate) severity: Severity,
    message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, severity, message } = self;
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{line}:{column}: {severity}: {message}", file.display())
    }
}

impl Problem {
    /// A problem with the file itself, such as that it cannot be read.
    pub(super) fn of_file(file: &Path, message: String) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, severity: Severity::Error, message }
    }
}

/// Collects the problems of one file.
#[derive(Debug)]
pub(super) struct Problems<'s> {
    file: &'s Path,
    source: &'s str,
    list: RefCell<Vec<Problem>>,
    broken_lines: Vec<usize>,
}

impl<'s> Problems<'s> {
    /// No problems yet with the text `source` of `file`.
    pub(super) fn new(file: &'s Path, source: &'s str) -> Self {
        Self { file, source, list: RefCell::default(), broken_lines: Vec::new() }
    }

    /// Adds a place where the text is no TOML. What is said later about the same line, or about
    /// something being absent, is most likely a consequence and left out.
    pub(super) fn syntax(&mut self, span: Option<Range<usize>>, message: &str) {
        let at = span.map_or(0, |span| span.start);
        self.error(at, message.to_owned());
        self.broken_lines.push(self.position(at).0);
    }

    /// Adds an error at the byte `at`.
    pub(super) fn error(&self, at: usize, message: String) {
        self.add(at, Severity::Error, message);
    }

    /// Adds an error about something that should be in the table at the byte `at`.
    pub(super) fn missing(&self, at: usize, message: String) {
        if self.broken_lines.is_empty() {
            self.error(at, message);
        }
    }

    /// Adds a warning at the byte `at`.
    pub(super) fn warning(&self, at: usize, message: String) {
        self.add(at, Severity::Warning, message);
    }

    /// A part of the file as it is written.
    pub(super) fn written(&self, span: Range<usize>) -> Option<&'s str> {
        self.source.get(span)
    }

    /// All problems, in the order of the file.
    pub(super) fn into_sorted(self) -> Vec<Problem> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|problem| (problem.line, problem.column));
        list
    }

    fn add(&self, at: usize, severity: Severity, message: String) {
        let (line, column) = self.position(at);
        if !self.broken_lines.contains(&line) {
            let file = self.file.to_owned();
            self.list.borrow_mut().push(Problem { file, line, column, severity, message });
        }
    }

    /// The line and the column, in characters, of the byte `at`; both count from 1.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = self.source.get(..at).unwrap_or(self.source);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (line, before[start..].chars().count() + 1)
    }
}
