//! What a rule has to say about a line.

use std::fmt;

/// One violation. Lines count from 1; a finding about a whole file points at line 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.advice)
    }
}

/// Passes if nothing was found; otherwise fails with one line a finding.
#[track_caller]
pub(crate) fn expect_none(findings: impl IntoIterator<Item = Finding>) {
    let lines: Vec<String> = findings.into_iter().map(|finding| finding.to_string()).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

/// Where `findings` point: what the tests of the checkers compare.
pub(crate) fn lines(findings: &[Finding]) -> Vec<usize> {
    findings.iter().map(|finding| finding.line).collect()
}

mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "core/src/time.rs:7: say it shorter")]
    fn a_finding_fails_with_file_and_line() {
        let (path, advice) = ("core/src/time.rs".to_owned(), "say it shorter".to_owned());
        expect_none([Finding { path, line: 7, advice }]);
    }
}
