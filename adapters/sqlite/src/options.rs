//! How a file is opened.

use core::time::Duration;
use std::path::PathBuf;

use mainspring_sql::Prefix;

/// How a file is opened.
///
/// ```
/// let options = mainspring_sqlite::Options::new("jobs.db");
/// assert_eq!(options.readers, 4);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// The file. It and its folder are made if they are missing.
    pub path: PathBuf,
    /// How long a verb waits for another process's write before it is
    /// [`Unavailable`](mainspring_contract::StoreErrorKind::Unavailable): 5 s.
    pub busy_for: Duration,
    /// Connections that read at the same time, at least 1: 4. One more writes.
    pub readers: u32,
    /// The file grows no larger than this many bytes; then verbs that need room are
    /// [`Full`](mainspring_contract::StoreErrorKind::Full) until history is pruned. `None`: as
    /// large as the disk.
    pub max_bytes: Option<u64>,
    /// What the names of all tables begin with: `mainspring_`.
    pub prefix: Prefix,
}

impl Options {
    /// The file at `path`, with the defaults.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            busy_for: Duration::from_secs(5),
            readers: 4,
            max_bytes: None,
            prefix: Prefix::default(),
        }
    }
}
