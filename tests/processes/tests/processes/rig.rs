//! What the tests share.

use core::time::Duration;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use mainspring::process::Program;
use mainspring::{JobEnd, Running, Scheduler, Task};
use mainspring_memory::MemoryStore;
use serde::Serialize;
use tempfile::TempDir;

/// A test that waits this long has failed; none takes a hundredth of it.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(30);

/// The program whose functions are called.
pub(crate) const APP: &str = env!("CARGO_BIN_EXE_app");

pub(crate) fn app() -> Program {
    Program::at(APP)
}

/// A scheduler that runs.
pub(crate) struct Node {
    pub(crate) scheduler: Scheduler,
    pub(crate) running: Running,
}

impl Node {
    pub(crate) async fn start(tasks: impl IntoIterator<Item = Task>) -> Self {
        let builder = Scheduler::builder(MemoryStore::default());
        let builder = tasks.into_iter().fold(builder, mainspring::Builder::task);
        let scheduler = builder.build().await.expect("it is valid");
        let running = scheduler.start().await.expect("it starts");
        Self { scheduler, running }
    }

    pub(crate) async fn run(&self, task: &str, arguments: &(impl Serialize + ?Sized)) -> JobEnd {
        let run = self.scheduler.job(task, arguments).enqueue_and_wait();
        let end = tokio::time::timeout(WATCHDOG, run).await.expect("it ends before the watchdog");
        end.expect("the store works")
    }

    pub(crate) async fn stop(self) {
        assert_eq!(self.running.stop(WATCHDOG).await.left, 0);
    }
}

/// A named pipe that the processes under test write to and hold open.
pub(crate) struct Tree {
    _folder: TempDir,
    path: PathBuf,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("tree");
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
        assert!(made.success());
        Self { _folder: folder, path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the first line.
    pub(crate) fn started(&self) -> (String, BufReader<File>) {
        started(self.path.clone())
    }

    /// The same, while this thread does other things.
    pub(crate) async fn up(&self) -> (String, BufReader<File>) {
        let path = self.path.clone();
        tokio::task::spawn_blocking(|| started(path)).await.expect("it starts")
    }
}

fn started(path: PathBuf) -> (String, BufReader<File>) {
    within_watchdog(move || {
        let mut reader = BufReader::new(File::open(path).expect("the pipe is there"));
        let mut line = String::new();
        reader.read_line(&mut line).expect("it is text");
        (line.trim_end().to_owned(), reader)
    })
}

/// Waits until every process that holds the pipe has gone.
pub(crate) fn gone(mut tree: BufReader<File>) {
    within_watchdog(move || {
        let mut rest = String::new();
        tree.read_to_string(&mut rest).expect("it is text");
    });
}

/// The same, while this thread does other things.
pub(crate) async fn off(tree: BufReader<File>) {
    tokio::task::spawn_blocking(|| gone(tree)).await.expect("it goes");
}

pub(crate) fn within_watchdog<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    result.recv_timeout(WATCHDOG).expect("it ends well before the watchdog")
}
