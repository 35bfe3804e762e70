//! Programs of the operating system that the build and the tests need, and the Debian packages they
//! come in.
//!
//! What is there already is left alone, whoever installed it: nothing is asked of apt unless a
//! program is missing.

use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::mongod;

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
const PACKAGES: &[Package] = &[
    Package {
        name: "build-essential",
        program: "cc",
        reason: "links programs and compiles the bundled SQLite",
    },
    Package { name: "postgresql", program: "initdb", reason: SERVER },
    Package {
        name: "qemu-system-arm",
        program: "qemu-system-arm",
        reason: "the boards that firmware runs on",
    },
    // Without the parts that make a server of the whole machine.
    Package { name: "mariadb-server-core", program: "mariadbd", reason: SERVER },
    Package { name: "redis-server", program: "redis-server", reason: SERVER },
    Package { name: "mosquitto", program: "mosquitto", reason: SERVER },
    Package { name: "nats-server", program: "nats-server", reason: SERVER },
    Package { name: "faketime", program: "faketime", reason: "nodes whose clocks are wrong" },
    Package { name: "python3-pip", program: "pip3", reason: "fetches MongoDB's server" },
    Package {
        name: "curl",
        program: "curl",
        reason: "brings libcurl, which MongoDB's server uses",
    },
];

const SERVER: &str = "tests start private servers";

/// Where programs lie that are not on everybody's `PATH`; a star stands for one folder.
const PLACES: &[&str] = &["/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/*/bin"];

/// Debian starts what it installs, unless this file says no. Tests use servers of their own, and
/// nobody asked for those.
const POLICY: &str = "/usr/sbin/policy-rc.d";

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
    packages(root)?;
    let folder = mongod::folder(become_root(root) == Root::Already);
    let is_named = std::env::var_os("MAINSPRING_MONGODB_URL").is_some();
    if is_named || is_on_path("mongod") || folder.join("mongod").is_file() {
        return Ok(());
    }
    mongod::fetch(root, &folder)
}

/// Installs the packages whose programs are missing.
fn packages(root: &Path) -> Result<(), String> {
    let missing: Vec<&Package> =
        PACKAGES.iter().filter(|package| !is_there(package.program)).collect();
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
    let forbids = !Path::new(POLICY).exists();
    if forbids {
        forbid_starts(become_root).run(root)?;
    }
    let installed = install(become_root, &names).iter().try_for_each(|call| call.run(root));
    if forbids {
        as_root(become_root, "rm", &["-f", POLICY]).run(root)?;
    }
    installed?;
    match missing.iter().find(|package| !is_there(package.program)) {
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
    let apt = |args: &[&str]| {
        let front: &[&str] = &["DEBIAN_FRONTEND=noninteractive", "apt-get"];
        as_root(become_root, "env", &[front, args].concat())
    };
    let all: &[&str] = &["install", "-q", "-y", "--no-install-recommends"];
    [apt(&["update", "-q"]), apt(&[all, names].concat())]
}

/// Keeps what is installed from being started (`policy-rc.d` of invoke-rc.d(8): 101 is no).
fn forbid_starts(become_root: Root) -> Call {
    let script = format!("printf '#!/bin/sh\\nexit 101\\n' >{POLICY} && chmod 755 {POLICY}");
    as_root(become_root, "sh", &["-c", &script])
}

/// sudo may drop the environment, so that `env` sets it behind sudo.
fn as_root(become_root: Root, program: &str, args: &[&str]) -> Call {
    let call = match become_root {
        Root::Sudo => Call::new("sudo", "-n").arg(program),
        Root::Already | Root::No => Call::new(program, ""),
    };
    args.iter().fold(call, |call, arg| call.arg(arg))
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

/// Whether a program is on the path or in one of the places beside it.
fn is_there(program: &str) -> bool {
    is_on_path(program)
        || PLACES.iter().flat_map(|place| folders(place)).any(|dir| dir.join(program).is_file())
}

/// The folders that a place stands for.
fn folders(place: &str) -> Vec<PathBuf> {
    let Some((parent, rest)) = place.split_once("/*/") else { return vec![PathBuf::from(place)] };
    let entries = std::fs::read_dir(parent).into_iter().flatten().map_while(Result::ok);
    entries.map(|entry| entry.path().join(rest)).collect()
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
    fn a_star_stands_for_one_folder() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tests = manifest.parent().expect("this package lies in a folder");
        let found = folders(&format!("{}/*/src", tests.display()));
        assert!(found.contains(&manifest.join("src")), "{found:?}");
        assert_eq!(folders("/usr/sbin"), [PathBuf::from("/usr/sbin")]);
        assert!(folders("/no-such-place/*/bin").is_empty());
    }

    #[test]
    fn nothing_that_is_installed_is_started() {
        let shown = forbid_starts(Root::Sudo).to_string();
        let expected = r"sudo -n sh -c 'printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d";
        assert!(shown.starts_with(expected), "{shown}");
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
