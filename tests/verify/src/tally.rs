//! How many tests passed and failed, read from what the test runners print.
//!
//! A run without a summary is not a run without tests: it is an error, because a count that nobody
//! checked proves nothing.

use std::fmt;
use std::ops::AddAssign;

/// Who runs the tests, and so what a summary looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    /// cargo-nextest: one `Summary` line, the last of its kind. It shows what failed tests printed,
    /// `test result:` lines of their own harness among it, which must not count again.
    Nextest,
    /// cargo's own harness: one `test result:` line a binary.
    Harness,
}

/// Counts of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Reads the summaries in `output`, or `None` if it holds none.
    pub(crate) fn read(runner: Runner, output: &str) -> Option<Self> {
        let output = uncoloured(output);
        let lines = output.lines().map(str::trim_start);
        match runner {
            // `Summary [   0.004s] 12 tests run: 11 passed (1 slow), 1 failed, 0 skipped`
            Runner::Nextest => lines
                .filter_map(|line| Some(line.strip_prefix("Summary [")?.split_once(" run: ")?.1))
                .next_back()
                .map(Self::counts),
            // `test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out`
            Runner::Harness => lines
                .filter_map(|line| Some(line.strip_prefix("test result: ")?.split_once(". ")?.1))
                .map(Self::counts)
                .reduce(|a, b| Self { passed: a.passed + b.passed, failed: a.failed + b.failed }),
        }
    }

    fn counts(summary: &str) -> Self {
        let mut tally = Self::default();
        for part in summary.split([',', ';']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(word)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match word {
                "passed" => tally.passed += number,
                // A test that ran into the time limit or could not be started did not pass.
                "failed" | "timed" | "exec" => tally.failed += number,
                _ => {}
            }
        }
        tally
    }
}

/// Runners colour their summaries when told to, even into a pipe.
fn uncoloured(output: &str) -> String {
    let mut parts = output.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The line that ends a run.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Runner::{Harness, Nextest};
    use super::*;

    fn read(runner: Runner, output: &str) -> Option<(u64, u64)> {
        Tally::read(runner, output).map(|tally| (tally.passed, tally.failed))
    }

    #[test]
    fn nextest_summaries_are_counted() {
        assert_eq!(
            read(Nextest, "     Summary [   0.004s] 12 tests run: 12 passed, 0 skipped"),
            Some((12, 0))
        );
        assert_eq!(
            read(Nextest, "     Summary [   0.004s] 1 test run: 1 passed, 3 skipped"),
            Some((1, 0))
        );
        let mixed = "  PASS [   0.003s] x\n------\n     Summary [  61.2s] 9 tests run: \
                     5 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 1 exec failed, 0 skipped\n";
        assert_eq!(read(Nextest, mixed), Some((5, 4)));
        assert_eq!(
            read(Nextest, "     Summary [   0.1s] 3/12 tests run: 2 passed, 1 failed, 0 skipped"),
            Some((2, 1))
        );
    }

    #[test]
    fn what_a_failed_test_printed_is_not_counted_again() {
        let output = "  stdout ───\n    test result: FAILED. 0 passed; 1 failed\n\
                      ────\n     Summary [   0.1s] 2 tests run: 1 passed, 1 failed, 0 skipped\n\
                      FAIL [   0.0s] (1/2) mainspring-chaos wrong\n";
        assert_eq!(read(Nextest, output), Some((1, 1)));
    }

    #[test]
    fn harness_summaries_are_added_up() {
        let output = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; in 0.00s\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(read(Harness, output), Some((4, 2)));
    }

    #[test]
    fn colours_do_not_hide_a_summary() {
        let nextest = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m2\u{1b}[0m tests run: \
                       \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped";
        assert_eq!(read(Nextest, nextest), Some((2, 0)));
        assert_eq!(
            read(Harness, "test result: \u{1b}[32mok\u{1b}[m. 3 passed; 0 failed"),
            Some((3, 0))
        );
    }

    #[test]
    fn output_without_a_summary_is_not_zero_tests() {
        for runner in [Nextest, Harness] {
            assert_eq!(read(runner, ""), None);
            assert_eq!(read(runner, "error: could not compile\nSummary of the day\n"), None);
        }
    }

    #[test]
    fn the_last_line_has_its_exact_form() {
        assert_eq!(Tally { passed: 31, failed: 0 }.to_string(), "31 passed, 0 failed");
    }
}
