//! What Linux tells about processes in `/proc`.

use std::fs;

/// The processes that have `NAME=VALUE` in their environment.
///
/// # Panics
/// Without `/proc`.
pub fn with_variable(variable: &str) -> Vec<u32> {
    let mark = format!("{variable}\0");
    let processes = fs::read_dir("/proc").expect("Linux has /proc").map_while(Result::ok);
    let found = processes.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        // A process that has ended in the meantime, or that has no memory any more, is gone.
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let has_it = environment.windows(mark.len()).any(|part| part == mark.as_bytes());
        has_it.then_some(pid)
    });
    found.collect()
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time in user and kernel mode, in milliseconds (the kernel counts hundredths).
    pub cpu_ms: u64,
    /// How often one of its threads fell asleep, and so was woken later.
    pub sleeps: u64,
}

/// What the process `pid` has used so far; `None` if it is gone.
pub fn usage(pid: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in brackets, which may hold blanks (proc(5)).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let sleeps = threads.map_while(Result::ok).filter_map(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).ok()?;
        let line = status.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    });
    Some(Usage { cpu_ms: ticks * MS_PER_TICK, sleeps: sleeps.sum() })
}

/// `USER_HZ` is 100 on every architecture that we know.
const MS_PER_TICK: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something_and_has_its_path() {
        // Waiting for another process is sleeping.
        assert!(std::process::Command::new("true").status().is_ok_and(|status| status.success()));
        assert!(usage(std::process::id()).is_some_and(|usage| usage.sleeps > 0));
        let path = std::env::var("PATH").expect("tests have a path");
        assert!(with_variable(&format!("PATH={path}")).contains(&std::process::id()));
        assert!(with_variable("CHAOS=nobody has this").is_empty());
    }
}
