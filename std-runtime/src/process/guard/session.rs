//! One command's processes: the session that its first process leads.
//!
//! A session and not only a process group, because `timeout(1)` and shells with job control move
//! their children into groups of their own. On Linux the members are read from `/proc`; elsewhere
//! only the leader's group is seen. A process that calls `setsid` itself has left on purpose, as
//! daemons do, and is not followed.

use std::io;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, kill_process_group, waitid,
    waitpid,
};

use crate::process::command::Exit;

/// The processes of one command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    leader: Pid,
}

impl Session {
    /// The session that the process `leader` leads or is about to make.
    pub(crate) fn led_by(leader: Pid) -> Self {
        Self { leader }
    }

    /// Sends `signal` to every process of the session.
    ///
    /// The leader's own number comes first: before its `setsid` it has no group yet, and a leader
    /// with a pending SIGKILL makes no more children. It is a zombie at worst, never a stranger,
    /// because its parent reaps it only after the last signal.
    pub(crate) fn signal(self, signal: Signal) {
        if kill_process_group(self.leader, signal).is_err() || signal == Signal::KILL {
            // ESRCH here is a process that has ended already: the wanted state.
            let _ = kill_process(self.leader, signal);
            let _ = kill_process_group(self.leader, signal);
        }
        for pid in members::outside_group(self.leader) {
            let _ = kill_process(pid, signal);
        }
    }

    /// How the leader ended, if it has; leaves it a zombie, which keeps its number taken.
    ///
    /// # Errors
    /// The leader is no child of the caller.
    pub(crate) fn leader_exit(self) -> io::Result<Option<Exit>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(self.leader), options)?;
        Ok(status.map(|s| match (s.exit_status(), s.terminating_signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, Some(signal)) => Exit::Signal(signal),
            (None, None) => Exit::Lost,
        }))
    }

    /// Whether a process of the session other than its leader can still run.
    pub(crate) fn has_others(self) -> bool {
        members::others_alive(self.leader)
    }

    /// Whether any process of the session, its leader included, can still run.
    pub(crate) fn is_alive(self) -> bool {
        members::leader_alive(self.leader) || self.has_others()
    }

    /// Collects ended processes that the caller has adopted, but not the leader.
    pub(crate) fn reap_adopted(self) {
        for pid in members::adopted().into_iter().filter(|&pid| pid != self.leader) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }

    /// Whether something is left after the leader was collected; sends it SIGKILL again.
    pub(crate) fn lingers(self) -> bool {
        members::linger(self.leader)
    }

    /// Collects the leader, once nothing else is left.
    pub(crate) fn reap_leader(self) {
        while let Err(Errno::INTR) = waitpid(Some(self.leader), WaitOptions::empty()) {}
    }
}

#[cfg(target_os = "linux")]
mod members {
    use std::fs;

    use rustix::process::{Pid, getpgid, getpid};

    /// The fields of `/proc/<pid>/stat` (proc(5)) that matter here.
    struct Stat {
        pid: Pid,
        session: i32,
        alive: bool,
    }

    impl Stat {
        fn read(pid: i32) -> Option<Self> {
            let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
            // The command name is free text in parentheses; everything else follows the last one.
            let end = text.iter().rposition(|&b| b == b')')?;
            let rest = str::from_utf8(text.get(end + 1..)?).ok()?;
            let mut fields = rest.split_ascii_whitespace();
            let state = fields.next()?;
            let session = fields.nth(2)?.parse().ok()?;
            let threads: u32 = fields.nth(13)?.parse().ok()?;
            // A main thread that has ended is shown as a zombie while other threads run on.
            let alive = !matches!(state, "Z" | "X") || threads > 1;
            Some(Self { pid: Pid::from_raw(pid)?, session, alive })
        }
    }

    fn living(leader: Pid) -> impl Iterator<Item = Pid> {
        let session = leader.as_raw_pid();
        fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(Stat::read)
            .filter(move |stat| stat.session == session && stat.alive)
            .map(|stat| stat.pid)
    }

    pub(super) fn outside_group(leader: Pid) -> impl Iterator<Item = Pid> {
        living(leader).filter(move |&pid| getpgid(Some(pid)).is_ok_and(|group| group != leader))
    }

    pub(super) fn others_alive(leader: Pid) -> bool {
        living(leader).any(|pid| pid != leader)
    }

    pub(super) fn leader_alive(leader: Pid) -> bool {
        Stat::read(leader.as_raw_pid())
            .is_some_and(|stat| stat.alive && stat.session == leader.as_raw_pid())
    }

    /// Never: the leader is collected only after the last member has been seen to end.
    pub(super) fn linger(_leader: Pid) -> bool {
        false
    }

    /// The caller's children; none where the kernel does not list them, so that they stay zombies
    /// until the caller ends.
    pub(super) fn adopted() -> Vec<Pid> {
        let own = getpid().as_raw_pid();
        let list = fs::read_to_string(format!("/proc/self/task/{own}/children"));
        list.unwrap_or_default()
            .split_ascii_whitespace()
            .filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
            .collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod members {
    use rustix::process::{
        Pid, Signal, kill_process_group, test_kill_process, test_kill_process_group,
    };

    pub(super) fn outside_group(_leader: Pid) -> impl Iterator<Item = Pid> {
        core::iter::empty()
    }

    /// Never: a group whose only member is the unreaped leader looks like any other, and its rest
    /// has been sent SIGKILL by the time this is asked.
    pub(super) fn others_alive(_leader: Pid) -> bool {
        false
    }

    pub(super) fn leader_alive(leader: Pid) -> bool {
        test_kill_process(leader).is_ok() || test_kill_process_group(leader).is_ok()
    }

    /// Without its leader the group exists exactly as long as it has other members.
    pub(super) fn linger(leader: Pid) -> bool {
        kill_process_group(leader, Signal::KILL).is_ok()
    }

    pub(super) fn adopted() -> Vec<Pid> {
        Vec::new()
    }
}
