//! How far long work has come, for people who watch: one line of a terminal, written over again.

use std::io::{self, IsTerminal, Write};

/// Shows how far it is. Where standard error is no terminal, nothing is written.
pub(crate) struct Progress {
    what: &'static str,
    of: Option<u64>,
    shown: bool,
    is_watched: bool,
}

impl Progress {
    /// Work that counts `what`, up to a number that may be known.
    pub(crate) fn new(what: &'static str, of: Option<u64>) -> Self {
        Self { what, of, shown: false, is_watched: io::stderr().is_terminal() }
    }

    /// So many are done.
    pub(crate) fn reached(&mut self, count: u64) {
        if !self.is_watched {
            return;
        }
        self.shown = true;
        // Who does not see it misses nothing.
        let _ = write!(io::stderr().lock(), "\r\x1b[K{}", line(self.what, count, self.of));
    }

    /// It is over: the line is wiped away.
    pub(crate) fn done(&mut self) {
        if self.shown {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// A line with a bar, if it is known how long the way is.
fn line(what: &str, count: u64, of: Option<u64>) -> String {
    let Some(of) = of.filter(|&of| of > 0) else { return format!("{count} {what}") };
    let part = usize::try_from(count.min(of).saturating_mul(WIDTH) / of).unwrap_or(0);
    let rest = usize::try_from(WIDTH).unwrap_or(0) - part;
    format!("[{}{}] {count} of {of} {what}", "#".repeat(part), " ".repeat(rest))
}

const WIDTH: u64 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_grows_and_never_beyond_its_end() {
        assert_eq!(line("jobs", 7, None), "7 jobs");
        assert_eq!(line("jobs", 0, Some(0)), "0 jobs");
        let bar = |count| line("jobs", count, Some(60)).matches('#').count();
        assert_eq!([bar(0), bar(30), bar(60), bar(99)], [0, 15, 30, 30]);
    }
}
