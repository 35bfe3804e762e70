//! Programs of the operating system that the build and the tests need, and the Debian packages they
//! come in.
//!
//! What is there already is left alone, whoever installed it: nothing is asked of apt unless a
//! program is missing.

use std::path::Path;

use crate::call::Call;

/// One need of the gate.
struct Package {
    /// Its name in Debian.
    name: &'static str,
    /// The program whose presence on `PATH` proves it.
    program: &'static str,
    /// Why the gate needs it.
    reason: &'static str,
}

/// A new need is a new row.
const PACKAGES: &[Package] = &[Package {
    name: "build-essential",
    program: "cc",
    reason: "links programs and compiles the bundled SQLite",
}];

/// How this process may become root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Already,
    Sudo,
    No,
}

/// Installs what is missing.
///
/// # Errors
/// If something is missing and cannot be installed from here: the message is the command to run.
pub(crate) fn complete(root: &Path) -> Result<(), String> {
    let missing: Vec<&Package> =
        PACKAGES.iter().filter(|package| !is_on_path(package.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        println!("  `{}` is missing: {}", package.program, package.reason);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let become_root = become_root(root);
    if become_root == Root::No || !is_on_path("apt-get") {
        return Err(advice(&names));
    }
    install(become_root, &names).iter().try_for_each(|call| call.run(root))?;
    match missing.iter().find(|package| !is_on_path(package.program)) {
        Some(package) => Err(format!("{} brought no `{}`", package.name, package.program)),
        None => Ok(()),
    }
}

fn become_root(root: &Path) -> Root {
    if Call::new("id", "-u").answer(root).is_some_and(|id| id.trim() == "0") {
        Root::Already
    } else if Call::new("sudo", "-n true").answer(root).is_some() {
        Root::Sudo
    } else {
        Root::No
    }
}

fn install(become_root: Root, names: &[&str]) -> [Call; 2] {
    let apt = |args: &str| {
        let args = format!("DEBIAN_FRONTEND=noninteractive apt-get {args}");
        match become_root {
            // sudo may drop the environment, so that it is set behind it, by env.
            Root::Sudo => Call::new("sudo", &format!("-n env {args}")),
            Root::Already | Root::No => Call::new("env", &args),
        }
    };
    let names = names.join(" ");
    [apt("update -q"), apt(&format!("install -q -y --no-install-recommends {names}"))]
}

fn advice(names: &[&str]) -> String {
    let names = names.join(" ");
    format!("packages are missing; run: sudo apt-get update && sudo apt-get install -y {names}")
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .any(|dir| dir.join(program).is_file() || dir.join(format!("{program}.exe")).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_on_the_path_or_not() {
        assert!(is_on_path("cargo"));
        assert!(!is_on_path("no-such-program"));
    }

    #[test]
    fn without_root_the_exact_command_is_said() {
        let expected = "packages are missing; run: sudo apt-get update && \
                        sudo apt-get install -y build-essential curl";
        assert_eq!(advice(&["build-essential", "curl"]), expected);
    }

    #[test]
    fn apt_asks_nothing() {
        let shown = |become_root| install(become_root, &["curl"]).map(|call| call.to_string());
        let [update, install] = shown(Root::Already);
        assert_eq!(update, "env DEBIAN_FRONTEND=noninteractive apt-get update -q");
        let tail = "env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
                    --no-install-recommends curl";
        assert_eq!(install, tail);
        let [_, install] = shown(Root::Sudo);
        assert_eq!(install, format!("sudo -n {tail}"));
    }
}
