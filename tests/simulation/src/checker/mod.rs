//! What must never happen, one file each. Checkers look at facts only, and at a book of what
//! people wrote down and which jobs the store has.

mod attempts;
mod book;
mod early;
mod kept;
mod late;
mod lease;
mod lost;
mod overlap;
mod pause;
mod readable;
mod running;
mod runs;
mod settled;
mod stuck;
mod twice;
mod unique;

use core::fmt;

use book::Book;
use mainspring_core::time::Span;

use crate::fact::{Fact, Moment};
use crate::swarm::Swarm;

/// Something that must not happen has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Who found it.
    pub checker: &'static str,
    /// What it is.
    pub explanation: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.checker, self.explanation)
    }
}

/// One law, held against every fact. The book is as it was before the fact.
trait Checker: fmt::Debug {
    /// Says what is wrong.
    fn see(&mut self, fact: &Fact, moment: Moment, book: &Book) -> Result<(), String>;
}

/// All checkers.
#[derive(Debug)]
pub(crate) struct Checkers {
    book: Book,
    all: Vec<(&'static str, Box<dyn Checker>)>,
}

impl Checkers {
    /// Fresh ones, for a simulation with these options.
    pub(crate) fn new(swarm: &Swarm) -> Self {
        let all: Vec<(&'static str, Box<dyn Checker>)> = vec![
            ("twice", Box::new(twice::Twice::default())),
            ("early", Box::new(early::Early::default())),
            ("settled", Box::new(settled::Settled::default())),
            ("lease", Box::new(lease::Leases::default())),
            ("runs", Box::new(runs::Runs::new(swarm))),
            ("attempts", Box::new(attempts::Attempts::default())),
            ("running", Box::new(running::Running)),
            ("overlap", Box::new(overlap::Overlaps::default())),
            ("unique", Box::new(unique::Keys::default())),
            ("pause", Box::new(pause::Pauses)),
            ("readable", Box::new(readable::Readable)),
            ("kept", Box::new(kept::Kept::new(swarm))),
            ("lost", Box::new(lost::Lost::new(swarm))),
            ("stuck", Box::new(stuck::Stuck)),
            ("late", Box::new(late::Late::new(swarm))),
        ];
        Self { book: Book::default(), all }
    }

    /// Holds every law against a fact.
    ///
    /// # Errors
    /// The first that it breaks.
    pub(crate) fn see(&mut self, fact: &Fact, moment: Moment) -> Result<(), Violation> {
        for (checker, one) in &mut self.all {
            one.see(fact, moment, &self.book)
                .map_err(|explanation| Violation { checker, explanation })?;
        }
        self.book.see(fact);
        Ok(())
    }
}

/// How far a planner's idea of the store's clock may be ahead.
const CLOCKS_APART: Span = Span::from_millis(100);
