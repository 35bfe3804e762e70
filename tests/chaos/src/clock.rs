//! The only reader of clocks among the chaos tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mainspring_core::time::{Span, Timestamp};

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::UNIX_EPOCH + Span::from_duration(since)
}

/// Lets time pass in which nothing is there to be waited for, such as the time between the end of
/// one daemon and the start of the next.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub fn pass(span: Duration) {
    std::thread::sleep(span);
}

/// An instant after which nobody waits any longer.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// This long from now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// How long it is until then; zero once it has passed.
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub fn left(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// What a task does that has nothing to do.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub async fn rest(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Makes the wall clock of a program wrong: so many seconds ahead. Its monotonic clock stays right.
///
/// # Panics
/// If the package `faketime` is not installed.
pub fn set_wrong(command: &mut Command, ahead: i64) {
    let folders = fs::read_dir("/usr/lib").expect("Debian has /usr/lib").map_while(Result::ok);
    let library = |folder: fs::DirEntry| folder.path().join("faketime/libfaketimeMT.so.1");
    let library: Option<PathBuf> = folders.map(library).find(|library| library.exists());
    let library = library.expect("the package `faketime` is installed (`cargo verify` does it)");
    command.env("LD_PRELOAD", library).env("FAKETIME", format!("{ahead:+}"));
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
}

/// Removes what the clock of a process that was killed leaves behind.
pub fn forget_wrong(process: u32) {
    for name in ["faketime_shm_", "sem.faketime_sem_"] {
        // Only a wrong clock has any.
        let _ = fs::remove_file(format!("/dev/shm/{name}{process}"));
    }
}
