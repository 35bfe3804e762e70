//! Programs on a board that QEMU emulates: the scenario is line for line what it is on the host.

use std::path::Path;
use std::process::{Command, Stdio};

const QEMU: &str = "qemu-system-arm";

/// Builds a program for the board, lets QEMU run it, and says what it printed.
fn printed(program: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../qemu");
    // Beside what the gate builds for other boards.
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.unwrap_or_else(|| folder.join("../../../target/firmware").into());
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--bin", program])
        .args(["--message-format", "json-render-diagnostics"])
        .env("CARGO_TARGET_DIR", target)
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "the firmware builds");
    let messages = String::from_utf8_lossy(&built.stdout);
    let path = messages.split("\"executable\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let played = Command::new(QEMU)
        .args(["-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"])
        // An instruction takes 2^6 ns, and time leaps where the processor sleeps.
        .args(["-icount", "shift=6,sleep=off"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(path.expect("cargo says where the firmware lies"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| {
            panic!("`{QEMU}`: {error} (run: apt-get install --no-install-recommends {QEMU})")
        });
    let printed = String::from_utf8_lossy(&played.stdout).into_owned();
    assert!(played.status.success(), "{}: {printed}", played.status);
    printed
}

#[test]
fn a_board_tells_the_same_story_as_a_host() {
    let told = printed("scenario");
    let reviewed = Path::new(env!("CARGO_MANIFEST_DIR")).join("trace.txt");
    let reviewed = std::fs::read_to_string(reviewed).expect("the reviewed trace");
    for (number, (ours, theirs)) in told.lines().zip(reviewed.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {}", number + 1);
    }
    assert_eq!(told.lines().count(), reviewed.lines().count());
}

#[test]
fn slack_saves_wake_ups_and_loses_no_run() {
    let told = printed("wakeups");
    let numbers = |line: &str| -> Vec<u32> {
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    };
    let days: Vec<Vec<u32>> = told.lines().map(numbers).collect();
    let [exact, some, more] = &days[..] else { panic!("{told}") };
    let [0, runs, wakes] = exact[..] else { panic!("{told}") };
    // In a day there are 720, 576 and 411 fires; few of them fall together.
    assert!((1_700..=1_707).contains(&runs) && wakes > runs * 3 / 4, "{told}");
    let mut before = wakes;
    for day in [some, more] {
        let [_, late, fewer] = day[..] else { panic!("{told}") };
        assert!(runs - late <= 3, "{told}");
        assert!(fewer * 10 < before * 9, "{told}");
        before = fewer;
    }
}
