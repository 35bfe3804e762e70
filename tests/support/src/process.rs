//! The processes of a server: those that work in its folder.
//!
//! Every server is started in its folder, and what it starts is born there. Process groups and
//! sessions would not do: each process of PostgreSQL makes its own.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::clock;

/// The processes whose working directory lies in `folder`.
///
/// # Panics
/// Without `/proc`.
pub(crate) fn within(folder: &Path) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("Linux has /proc").map_while(Result::ok);
    processes
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            // What has ended in the meantime has no directory any more.
            let works_in = fs::read_link(entry.path().join("cwd")).ok()?;
            works_in.starts_with(folder).then_some(Pid::from_raw(number)?)
        })
        .collect()
}

/// Kills what works in `folder` with SIGKILL; returns once nothing does.
pub(crate) async fn kill(folder: &Path) {
    loop {
        let processes = within(folder);
        if processes.is_empty() {
            return;
        }
        signal(&processes, Signal::KILL);
        clock::tick().await;
    }
}

/// Stops what works in `folder`; returns once everything stands still.
pub(crate) async fn pause(folder: &Path) {
    loop {
        let processes = within(folder);
        if processes.iter().all(|process| stands_still(*process)) {
            return;
        }
        signal(&processes, Signal::STOP);
        clock::tick().await;
    }
}

/// Lets what works in `folder` go on.
pub(crate) fn unpause(folder: &Path) {
    signal(&within(folder), Signal::CONT);
}

fn signal(processes: &[Pid], signal: Signal) {
    for process in processes {
        // It may have ended since.
        let _ = kill_process(*process, signal);
    }
}

fn stands_still(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    // The second field is a name in brackets, which may hold blanks (proc(5)).
    let state = stat.ok().and_then(|stat| {
        let (_, rest) = stat.rsplit_once(')')?;
        rest.trim_start().chars().next()
    });
    // A process that is gone, or only has to be waited for, does nothing either.
    matches!(state, None | Some('T' | 'Z'))
}
