//! The scenario on a board that QEMU emulates: line for line what it is on the host.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const QEMU: &str = "qemu-system-arm";

/// Builds the firmware and says where it lies.
fn firmware(folder: &Path) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--message-format", "json-render-diagnostics"])
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "the firmware builds");
    let messages = String::from_utf8_lossy(&built.stdout);
    let path = messages.split("\"executable\":\"").nth(1).and_then(|rest| rest.split('"').next());
    PathBuf::from(path.expect("cargo says where the firmware lies"))
}

#[test]
fn a_board_tells_the_same_story_as_a_host() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let firmware = firmware(&folder.join("../qemu"));
    let played = Command::new(QEMU)
        .args(["-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"])
        // An instruction takes 2^6 ns, and time leaps where the processor sleeps.
        .args(["-icount", "shift=6,sleep=off"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(firmware)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| {
            panic!("`{QEMU}`: {error} (run: apt-get install --no-install-recommends {QEMU})")
        });
    let told = String::from_utf8_lossy(&played.stdout);
    let reviewed = std::fs::read_to_string(folder.join("trace.txt")).expect("the reviewed trace");
    for (number, (ours, theirs)) in told.lines().zip(reviewed.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {}", number + 1);
    }
    assert_eq!(told.lines().count(), reviewed.lines().count());
    assert!(played.status.success(), "{}", played.status);
}
