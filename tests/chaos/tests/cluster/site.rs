//! A store to share, and what can be done to it.

use mainspring_chaos::dice::Dice;
use tempfile::TempDir;

/// A store to share.
pub(crate) trait Site {
    /// Its address for nodes.
    fn url(&self) -> String;

    /// How many fires are due, unless somebody says otherwise.
    fn fires(&self) -> i64;

    /// Whether a node that stands still may keep all others waiting, because it holds the store's
    /// only lock.
    fn has_one_lock(&self) -> bool;

    /// Does something to the store; returns once it is over. `None` if nothing can be done to it.
    fn harm(&mut self, dice: &mut Dice) -> Option<&'static str>;
}

/// One file.
pub(crate) struct File(TempDir);

impl File {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder for temporary files"))
    }
}

impl Site for File {
    fn url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("jobs.db").display())
    }

    fn fires(&self) -> i64 {
        2_000
    }

    fn has_one_lock(&self) -> bool {
        true
    }

    fn harm(&mut self, _dice: &mut Dice) -> Option<&'static str> {
        None
    }
}
