//! A server's folder, and the guard that clears it away.
//!
//! The guard is a shell in a process group of its own, whose standard input is a pipe from us that
//! nobody writes to. However we end, the pipe does too; then the guard kills what works in the
//! folder and removes it. So a test that is killed with SIGKILL leaves nothing behind.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::program::Account;

/// A folder for temporary files; gone, with everything that works in it, when dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    guard: Child,
}

impl Folder {
    /// # Panics
    /// If there is no place for it, or no shell.
    pub(crate) fn new(name: &str, owner: Option<Account>) -> Self {
        let path = unguarded(name, owner);
        let mut guard = shell(GUARD);
        let guard = guard.arg(&path).stdin(Stdio::piped()).spawn().expect("a shell can be started");
        Self { path, guard }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Nobody else waits for the guard.
        let _ = self.guard.wait();
    }
}

/// A folder for temporary files that stays.
///
/// # Panics
/// If there is no place for it.
pub(crate) fn unguarded(name: &str, owner: Option<Account>) -> PathBuf {
    let prefix = format!("mainspring-{name}-");
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir();
    let path = folder.expect("a folder for temporary files").keep();
    // What `/proc` says of processes in it has no links.
    let path = fs::canonicalize(path).expect("the folder is there");
    give(&path, owner);
    path
}

/// Makes a folder.
///
/// # Panics
/// If it is there already.
pub(crate) fn make(path: &Path, owner: Option<Account>) {
    fs::create_dir(path).expect("a new folder takes folders");
    give(path, owner);
}

fn give(path: &Path, owner: Option<Account>) {
    if let Some(account) = owner {
        chown(path, Some(account.user), Some(account.group)).expect("root may give a folder away");
    }
}

/// A shell that runs `script`, apart from us: signals to our process group do not reach it, and
/// nobody who reads what we print waits for it.
pub(crate) fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "mainspring-support"]);
    command.current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

const GUARD: &str = concat!(include_str!("sweep.sh"), include_str!("guard.sh"));
/// See [`crate::shared`].
pub(crate) const KEEPER: &str = concat!(include_str!("sweep.sh"), include_str!("keeper.sh"));
