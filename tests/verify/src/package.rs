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
    // The server's program that makes a data folder calls it; the server's package does not ask
    // for it.
    Package {
        name: "mariadb-client-core",
        program: "my_print_defaults",
        reason: "MariaDB calls it to make a data folder",
    },
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

/// How packages are installed: the file of [`POLICY`], and their names.
const INSTALL: &str = include_str!("install.sh");

/// Debian starts what it installs, unless this file says no.
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
    let args = [&["-c", INSTALL, "install", POLICY], &names[..]].concat();
    as_root(become_root, "sh", &args).run(root)?;
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

/// sudo may drop the environment: what needs one sets it behind sudo.
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
    use std::fs::File;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus};

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

    /// Installs with an apt-get that does this; how that ended, and what apt-get has told: what the
    /// policy says to it, and how it was called.
    fn installed(apt_get: &str, policy: &Path) -> (ExitStatus, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let (told, program) = (folder.path().join("told"), folder.path().join("apt-get"));
        let (there, told_at) = (policy.display(), told.display());
        let tells = format!("echo $DEBIAN_FRONTEND $({there}; echo $?) $@ >>{told_at}");
        write(&program, &format!("#!/bin/sh\n{tells}\n{apt_get}\n"));
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let mut shell = Command::new("sh");
        shell.args(["-c", INSTALL, "install"]).arg(policy).args(["curl", "mosquitto"]);
        let status = shell.env("PATH", path).status().expect("a shell");
        (status, std::fs::read_to_string(told).expect("it was asked"))
    }

    fn write(program: &Path, text: &str) {
        std::fs::write(program, text).expect("a file");
        std::fs::set_permissions(program, PermissionsExt::from_mode(0o755)).expect("our own");
    }

    const UPDATE: &str = "noninteractive 101 update -q\n";
    const ALL: &str = "noninteractive 101 update -q\n\
                       noninteractive 101 install -q -y --no-install-recommends curl mosquitto\n";

    #[test]
    fn nothing_that_is_installed_is_started_and_the_policy_is_gone_however_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let policy = folder.path().join("policy-rc.d");
        let ends = |apt_get| {
            let (status, told) = installed(apt_get, &policy);
            assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
            (status.code(), told)
        };
        assert_eq!(ends("exit 0"), (Some(0), ALL.to_owned()));
        assert_eq!(ends("exit 100"), (Some(100), UPDATE.to_owned()));
        // The others may be ignored by whoever runs this.
        assert_eq!(ends("kill -TERM $PPID"), (Some(130), UPDATE.to_owned()));
    }

    #[test]
    fn what_a_kill_leaves_behind_lets_others_start_what_they_install() {
        let folder = tempfile::tempdir().expect("a folder");
        let policy = folder.path().join("policy-rc.d");
        let (status, told) = installed("kill -KILL $PPID", &policy);
        assert_eq!((status.signal(), told), (Some(9), UPDATE.to_owned()));
        assert!(Command::new(&policy).status().expect("it was left behind").success());
        // The next one knows it again.
        let (status, told) = installed("exit 0", &policy);
        assert_eq!((status.code(), told), (Some(0), ALL.to_owned()));
        assert!(!policy.exists());
    }

    #[test]
    fn who_comes_after_a_kill_waits_for_what_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let [policy, fifo, done] =
            ["policy-rc.d", "fifo", "done"].map(|name| folder.path().join(name));
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("a program").success());
        let (fifo_at, done_at) = (fifo.display(), done.display());
        let asks = format!("{}; echo $? >{done_at}", policy.display());
        let (status, _) = installed(&format!("kill -KILL $PPID; cat {fifo_at}; {asks}"), &policy);
        assert_eq!(status.signal(), Some(9));
        let one = File::open(folder.path()).expect("a folder");
        assert!(one.try_lock().is_err(), "apt-get has lost its shell and goes on");
        std::fs::write(&fifo, "").expect("it is waited for");
        let (status, _) = installed("exit 0", &policy);
        assert!(status.success() && !policy.exists());
        assert_eq!(std::fs::read_to_string(&done).expect("it is done"), "101\n");
    }

    #[test]
    fn a_policy_of_somebody_else_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let policy = folder.path().join("policy-rc.d");
        let theirs = "#!/bin/sh\nexit 104\n";
        write(&policy, theirs);
        let (status, told) = installed("exit 0", &policy);
        assert_eq!((status.code(), told.matches(" 104 ").count()), (Some(0), 2), "{told}");
        assert_eq!(std::fs::read_to_string(&policy).expect("it stays"), theirs);
    }

    #[test]
    fn without_root_the_exact_command_is_said() {
        let expected = "packages are missing; run: sudo apt-get update && \
                        sudo apt-get install -y build-essential curl";
        assert_eq!(advice(&["build-essential", "curl"]), expected);
    }

    #[test]
    fn what_is_done_as_root_is_shown() {
        let shown = as_root(Root::Sudo, "sh", &["-c", "true"]).to_string();
        assert_eq!(shown, "sudo -n sh -c true");
        assert_eq!(as_root(Root::Already, "id", &[]).to_string(), "id");
    }
}
