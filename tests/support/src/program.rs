//! Where the servers' programs are, and as whom they run.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::geteuid;

/// A program, with the package that brings it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// In Debian.
    pub(crate) package: &'static str,
}

/// An account of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Program {
    /// A command that runs it: with nothing to read, in English, and as `account` if one is given.
    ///
    /// # Panics
    /// If it is not installed; the message names its package.
    pub(crate) fn command(&self, account: Option<Account>) -> Command {
        let found = folders().into_iter().map(|folder| folder.join(self.name));
        let Some(path) = found.into_iter().find(|path| path.is_file()) else {
            panic!(
                "`{}` is missing: install the package `{}` (`cargo verify prerequisites` does)",
                self.name, self.package
            );
        };
        let mut command = Command::new(path);
        command.stdin(Stdio::null()).env("LC_ALL", "C").process_group(0);
        if let Some(account) = account {
            command.uid(account.user).gid(account.group);
        }
        command
    }
}

/// As whom a server runs whose package makes an account called `name`: most servers refuse to be
/// root. `None` if we are not root, and so have no choice.
pub(crate) fn account(name: &str) -> Option<Account> {
    if !geteuid().is_root() {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    // Debian's smallest packages bring a server and no account for it.
    find(&accounts, name).or_else(|| find(&accounts, "nobody"))
}

/// Reads a line of passwd(5).
fn find(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        let (user, group) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        is_it.then_some(Account { user, group })
    })
}

/// Debian keeps PostgreSQL's programs off the path, the newest of several versions counts; and
/// users who are not root have no `sbin` on theirs.
fn folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map_while(Result::ok);
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((version(&entry.path())?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| core::cmp::Reverse(*version));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = versions.into_iter().map(|(_, folder)| folder).collect();
    folders.extend(std::env::split_paths(&path));
    folders.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    // Where `cargo verify` keeps what Debian has not: root's own folder is closed to servers.
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let caches = [Some(PathBuf::from("/var/cache")), home];
    folders.extend(caches.into_iter().flatten().map(|cache| cache.join("mainspring/bin")));
    folders
}

fn version(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_its_line() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104:,,,:/var:/bin/sh\n";
        assert_eq!(find(accounts, "postgres"), Some(Account { user: 101, group: 104 }));
        assert_eq!(find(accounts, "mysql"), None);
    }

    #[test]
    #[should_panic(expected = "install the package `absent-server`")]
    fn a_missing_program_names_its_package() {
        Program { name: "absent-serverd", package: "absent-server" }.command(None);
    }
}
