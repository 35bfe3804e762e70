//! Lock files: one daemon per store and node name, and none before the last one's commands ended.
//!
//! Two files lie side by side, both locked with `flock`, which the kernel releases when the holder
//! ends, however it ends:
//!
//! - `<name>.lock`, exclusive for a daemon's life; its text is the daemon's process number.
//! - `<name>.runs.lock`, shared by every guard of a running command. A starting daemon waits until
//!   it could have it exclusively, and thereby knows that the commands of its predecessor have
//!   ended (`process/guard.rs` of the runtime says why no late one can follow). It lets go at once,
//!   for its own guards to share; the first lock keeps every other daemon out of that moment.
//!
//! The files are never deleted: a deleted lock file can be held by one process while another makes
//! and locks a new one.

use core::time::Duration;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::clock;

/// How long to wait for a daemon that is just being torn down.
const DAEMON_WAIT: Duration = Duration::from_secs(2);
/// How long a daemon waits for the commands of its predecessor, which SIGKILL has ended already:
/// only a disk or network in trouble keeps a process that long.
pub(crate) const RUNS_WAIT: Duration = Duration::from_secs(30);
/// How often a lock is asked for; `flock` itself cannot wait with a bound.
const TICK: Duration = Duration::from_millis(10);

/// A node's locks, held until dropped.
#[derive(Debug)]
pub(crate) struct NodeLock {
    _daemon: File,
    runs: PathBuf,
}

/// Why a node could not be locked.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Another daemon serves this node; its process number, if it could be read.
    Served {
        /// The node's name.
        node: String,
        /// The other daemon.
        pid: Option<u32>,
    },
    /// Commands of an earlier daemon still run after this long a wait.
    StillRunning {
        /// The lock file that their guards hold.
        file: PathBuf,
        /// The time waited.
        waited: Duration,
    },
    /// A lock file cannot be used.
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl core::fmt::Display for LockError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Served { node, pid } => {
                f.write_str("another mainspring ")?;
                if let Some(pid) = pid {
                    write!(f, "(process {pid}) ")?;
                }
                write!(
                    f,
                    "already serves node `{node}` on this store (stop it, or give this one \
                     another name with `--node NAME`)"
                )
            }
            Self::StillRunning { file, waited } => write!(
                f,
                "commands of the previous daemon still run after {} s (`fuser {}` lists their \
                 guards; end those, then start again)",
                waited.as_secs(),
                file.display()
            ),
            Self::File { file, source } => {
                write!(f, "cannot use the lock file `{}`: {source}", file.display())
            }
        }
    }
}

impl std::error::Error for LockError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Served { .. } | Self::StillRunning { .. } => None,
        }
    }
}

impl NodeLock {
    /// Locks the node `node` of the store `store` with files in the directory `dir`, which is made
    /// if need be. `store` is any text that tells the stores of that directory apart, such as the
    /// database's file name. Commands of an earlier daemon get `runs_wait` to end.
    ///
    /// # Errors
    /// Another daemon holds the node, earlier commands still run, or the files cannot be used.
    pub(crate) async fn take(
        dir: &Path,
        store: &str,
        node: &str,
        runs_wait: Duration,
    ) -> Result<Self, LockError> {
        let named = |file: &Path| {
            let file = file.to_owned();
            |source| LockError::File { file, source }
        };
        fs::create_dir_all(dir).map_err(named(dir))?;
        let stem = format!("{}-{}", file_name(store), file_name(node));
        let path = dir.join(format!("{stem}.lock"));
        let mut daemon = open(&path).map_err(named(&path))?;
        if !lock_within(&daemon, DAEMON_WAIT).await.map_err(named(&path))? {
            let mut text = String::new();
            let _ = daemon.read_to_string(&mut text);
            let pid = text.trim().parse().ok();
            return Err(LockError::Served { node: node.to_owned(), pid });
        }
        write_pid(&mut daemon).map_err(named(&path))?;

        let runs = dir.join(format!("{stem}.runs.lock"));
        let file = open(&runs).map_err(named(&runs))?;
        if !lock_within(&file, runs_wait).await.map_err(named(&runs))? {
            return Err(LockError::StillRunning { file: runs, waited: runs_wait });
        }
        Ok(Self { _daemon: daemon, runs })
    }

    /// The file that the guards of this daemon share.
    pub(crate) fn runs_lock(&self) -> &Path {
        &self.runs
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

async fn lock_within(file: &File, wait: Duration) -> io::Result<bool> {
    let locked = async {
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => clock::pause(TICK).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    };
    match tokio::time::timeout(wait, locked).await {
        Ok(locked) => locked.map(|()| true),
        Err(_) => Ok(false),
    }
}

/// `text` as a part of a file name: letters, digits, `.` and `_` stay, each other byte becomes
/// `%` and two hexadecimal digits, so that different texts stay different.
fn file_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    #[tokio::test(start_paused = true)]
    async fn a_second_daemon_is_told_who_holds_the_node_and_the_way_out() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let first = NodeLock::take(dir.path(), "x.db", "web/1", AT_ONCE).await.expect("free");
        let refused = NodeLock::take(dir.path(), "x.db", "web/1", AT_ONCE).await;
        let text = refused.expect_err("held").to_string();
        let own = format!("process {}", std::process::id());
        assert!(text.contains(&own) && text.contains("--node"), "{text}");
        NodeLock::take(dir.path(), "x.db", "web-1", AT_ONCE).await.expect("another node");
        NodeLock::take(dir.path(), "y.db", "web/1", AT_ONCE).await.expect("another store");
        drop(first);
        NodeLock::take(dir.path(), "x.db", "web/1", AT_ONCE).await.expect("free again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_daemon_waits_for_the_commands_of_the_last_one() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let runs = {
            let first = NodeLock::take(dir.path(), "x.db", "n", AT_ONCE).await.expect("free");
            first.runs_lock().to_owned()
        };
        let guard = open(&runs).expect("the file is there");
        guard.lock_shared().expect("nobody holds it");
        let wait = Duration::from_secs(30);
        let late = NodeLock::take(dir.path(), "x.db", "n", wait).await.expect_err("shared");
        assert!(matches!(&late, LockError::StillRunning { .. }), "{late}");
        let (taken, ()) = tokio::join!(NodeLock::take(dir.path(), "x.db", "n", wait), async {
            clock::pause(Duration::from_secs(1)).await;
            drop(guard);
        });
        taken.expect("free once the guard has gone");
    }
}
