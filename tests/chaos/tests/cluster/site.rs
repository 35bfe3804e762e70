//! A store to share, and what can be done to it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use mainspring_chaos::dice::Dice;
use mainspring_support::{Line, Proxy};
use tempfile::TempDir;

use crate::witness::Witness;

/// A store to share, and perhaps a broker.
pub(crate) trait Site {
    /// The store's address for who is in no trouble.
    fn url(&self) -> String;

    /// A way for one more node.
    fn road(&self) -> Road;

    /// Somebody who asks the store all the time and whom nobody harms.
    fn witness(&self) -> Witness;

    /// How many fires are due, unless somebody says otherwise.
    fn fires(&self) -> i64;

    /// Whether a node that stands still may keep all others waiting, because it holds the store's
    /// only lock.
    fn has_one_lock(&self) -> bool;

    /// Does something to the store or the broker; returns once it is over. `None` if nothing can
    /// be done to them.
    fn harm(&mut self, dice: &mut Dice) -> Option<Done>;
}

/// What was done, for people.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Done {
    ToStore(&'static str),
    /// Which is no reason for anything to go wrong.
    ToBroker(&'static str),
}

/// How one node gets to its store and to its broker.
#[derive(Debug, Default)]
pub(crate) struct Road {
    /// The store's address for this node.
    pub(crate) store: String,
    /// The broker's, if there is one.
    pub(crate) broker: Option<String>,
    /// What the way to the store can be cut at, if it can.
    pub(crate) to_store: Option<Proxy>,
    /// The same for the broker.
    pub(crate) to_broker: Option<Proxy>,
}

impl Road {
    /// Makes all of it whole.
    pub(crate) fn heal(&self) {
        self.to_store.iter().chain(&self.to_broker).for_each(|way| way.set(Line::Whole));
    }
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

    fn witness(&self) -> Witness {
        let beside = self.0.path().join("witness");
        Witness::start(move || std::future::ready(write(&beside).is_ok()))
    }

    fn fires(&self) -> i64 {
        2_000
    }

    fn has_one_lock(&self) -> bool {
        true
    }

    fn road(&self) -> Road {
        Road { store: self.url(), ..Road::default() }
    }

    fn harm(&mut self, _dice: &mut Dice) -> Option<Done> {
        None
    }
}

/// What a transaction does to a disk, without any lock.
fn write(file: &Path) -> io::Result<()> {
    let mut file = fs::File::create(file)?;
    file.write_all(b"asked")?;
    file.sync_all()
}
