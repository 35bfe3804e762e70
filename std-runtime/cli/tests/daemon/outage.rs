//! The disk fills up and is emptied again: the daemon stays up, says so, and catches up.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mainspring_chaos::clock::{self, Deadline};
use mainspring_chaos::daemon::{Daemon, PATIENCE, SERVING};
use mainspring_chaos::journal::{Fire, Journal};
use mainspring_chaos::matcher::{self, Evidence};
use mainspring_core::time::{Span, Timestamp};
use rustix::process::Signal;

use crate::place::{Place, program};

/// A disk that can be full.
enum Disk {
    /// A small file system of its own, unmounted when dropped.
    Small(PathBuf),
    /// The ordinary one, on which the daemon may write no file beyond a size.
    Limited,
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Small(path) = self {
            let _ = Command::new("umount").arg("--lazy").arg(path).status();
        }
    }
}

impl Disk {
    /// A small disk at `path` if this user may mount one, else a limited one.
    fn mount(path: &Path) -> Self {
        fs::create_dir_all(path).expect("the folder can be made");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(path);
        if mount.output().is_ok_and(|done| done.status.success()) {
            Self::Small(path.to_owned())
        } else {
            println!("this user may not mount: the size of files is limited instead");
            Self::Limited
        }
    }

    fn fill(&self, daemon: &Daemon) {
        match self {
            Self::Small(path) => {
                let mut file = fs::File::create(path.join("filler")).expect("there is room yet");
                while file.write_all(&[0; 4_096]).is_ok() {}
                // The last few bytes too.
                while file.write_all(&[0]).is_ok() {}
            }
            Self::Limited => limit(daemon, "1024"),
        }
    }

    fn clear(&self, daemon: &Daemon) {
        match self {
            Self::Small(path) => {
                fs::remove_file(path.join("filler")).expect("the filler is there");
            }
            Self::Limited => limit(daemon, "unlimited"),
        }
    }
}

/// Sets the size beyond which the daemon can write no file. Not its commands': they inherit the
/// limit, but the journal stays below it.
fn limit(daemon: &Daemon, bytes: &str) {
    let pid = daemon.id().to_string();
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &pid, &format!("--fsize={bytes}:unlimited")]);
    assert!(prlimit.status().is_ok_and(|status| status.success()), "prlimit is util-linux");
}

/// A daemon that is told of a limit instead of being ended by a signal.
fn start(place: &Place) -> Daemon {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" serve \"$1\" --node chaos"]);
    command.arg(program()).arg(place.file());
    let mut daemon = Daemon::start_as(command);
    daemon.hear(SERVING);
    daemon
}

fn whole_second_after(at: Timestamp) -> Timestamp {
    Timestamp::UNIX_EPOCH + Span::from_secs(at.as_secs() + 1)
}

fn survives(place: &Place, disk: &Disk) {
    let journal = Journal::new(&place.path().join("journal"));
    let task = journal.task("0", "");
    let end = whole_second_after(clock::wall() + Span::from_secs(6));
    place.write_raw(&format!(
        "store = \"sqlite:disk/jobs.db\"\n[schedules.tick]\nevery = \"1s\"\nend = {end}\n\
         coalesce = \"all\"\n{task}"
    ));
    let first = clock::wall();
    let mut daemon = start(place);
    let began = clock::wall();
    daemon.hear("run finished");
    disk.fill(&daemon);
    let line = daemon.hear("the store failed; trying again");
    assert!(line.contains("jobs.db"), "{line}");
    assert!(line.contains("no room") || line.contains("check its disk"), "{line}");
    // Until the disk has been in the way of fires that came due meanwhile: each attempt is told.
    let due = whole_second_after(clock::wall()) + Span::from_secs(1);
    while clock::wall() < due {
        daemon.hear("the store failed; trying again");
    }
    disk.clear(&daemon);
    daemon.hear("the store is back");

    let visit = mainspring_chaos::history::Visit::new(&place.path().join("disk/jobs.db"));
    let deadline = Deadline::after(PATIENCE);
    let over = || visit.jobs().is_empty() && visit.schedules()[0].schedule.next.at().is_none();
    while !over() {
        assert!(!deadline.left().is_zero(), "{}", daemon.said());
        daemon.listen(Duration::from_millis(50));
    }
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().status.success());
    let fire = |secs| Fire {
        schedule: "tick".to_owned(),
        at: Timestamp::UNIX_EPOCH + Span::from_secs(secs),
    };
    let evidence = Evidence {
        due: (began.as_secs() + 1..=end.as_secs()).map(fire).collect(),
        optional: (first.as_secs() + 1..=began.as_secs()).map(fire).collect(),
        journal: journal.lines(),
        runs: visit.runs(),
        survivors: journal.survivors(),
        ..Evidence::default()
    };
    let (faults, tally) = matcher::check(&evidence);
    println!("{tally}");
    assert_eq!(faults, []);
}

#[test]
fn a_full_disk_is_survived_and_made_up_for() {
    let place = Place::new();
    let disk = Disk::mount(&place.path().join("disk"));
    survives(&place, &disk);
}

#[test]
fn a_disk_that_takes_no_more_writes_is_survived_and_made_up_for() {
    let place = Place::new();
    survives(&place, &Disk::Limited);
}

#[test]
fn a_daemon_that_finds_a_full_disk_says_so_and_ends() {
    let place = Place::new();
    let disk = Disk::mount(&place.path().join("disk"));
    place.write_raw(
        "store = \"sqlite:disk/jobs.db\"\n[schedules.a]\nevery = \"1s\"\nrun = [\"a\"]\n",
    );
    let mut command = Command::new("/bin/sh");
    match &disk {
        Disk::Small(path) => {
            let mut file = fs::File::create(path.join("filler")).expect("there is room yet");
            while file.write_all(&[0; 4_096]).is_ok() {}
            command.args(["-c", "exec \"$0\" serve \"$1\""]);
        }
        Disk::Limited => {
            command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" serve \"$1\""]);
        }
    }
    command.arg(program()).arg(place.file());
    let end = Daemon::start_as(command).ended();
    assert_eq!(end.status.code(), Some(1), "{}", end.said);
    assert!(end.said.contains("jobs.db"), "{}", end.said);
    let reasons = ["No space left", "no room", "File too large", "check its disk"];
    assert!(reasons.iter().any(|reason| end.said.contains(reason)), "{}", end.said);
}
