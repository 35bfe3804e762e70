//! One server for all tests of a run, each with a database of its own.
//!
//! A runner that gives each test a process of its own would otherwise start hundreds of servers.
//! The first test that needs one starts it, and a [keeper](crate::folder::KEEPER) with it. Whoever
//! uses the server shares a lock on a file below the target folder, which the kernel releases
//! however a process ends. The keeper clears the server away once the tests' runner has ended or
//! nobody used the server for half a minute; it then holds that lock alone, so that nobody can
//! meet a server that is just being killed. One that nobody can find, because whoever was to start
//! it has failed, goes at once.

use core::marker::PhantomData;
use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::{Command, id};

use rustix::process::Pid;

use crate::database::{Database, Databases};
use crate::folder;
use crate::process;
use crate::program;
use crate::server::{self, Service};
use crate::settings::Settings;

/// A server that other tests use at the same time: [volatile](Settings::volatile), and not to be
/// mistreated.
///
/// The address in the service's variable, `MAINSPRING_POSTGRES_URL` for one, takes its place.
#[derive(Debug)]
pub struct Shared<S: Service> {
    url: String,
    /// Held for as long as the server is needed.
    _lock: Option<File>,
    service: PhantomData<S>,
}

impl<S: Service> Shared<S> {
    /// The server, started if it is not there yet.
    ///
    /// # Panics
    /// If it is not installed, or with all that it wrote if it does not start.
    pub async fn join() -> Self {
        if let Ok(url) = std::env::var(S::VARIABLE) {
            return Self { url, _lock: None, service: PhantomData };
        }
        let place = Place::of::<S>();
        let lock = open(&place.lock);
        lock.lock_shared().expect("a file can be locked");
        let port = match place.port() {
            Some(port) => port,
            None => place.start::<S>().await,
        };
        Self { url: S::url(port), _lock: Some(lock), service: PhantomData }
    }

    /// The address of the server, for whoever may do everything.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl<S: Databases> Shared<S> {
    /// A new, empty database.
    ///
    /// # Panics
    /// If the server does not make it.
    pub async fn database(&self) -> Database {
        Database::create::<S>(&self.url).await
    }
}

/// The files by which tests find one another.
#[derive(Debug)]
struct Place {
    /// Shared by those who use the server.
    lock: PathBuf,
    /// Held by whoever starts it.
    starting: PathBuf,
    /// Its folder, its process and its port, a line each.
    state: PathBuf,
}

impl Place {
    fn of<S: Service>() -> Self {
        let chosen = std::env::var_os(FOLDER).map(PathBuf::from);
        let folder = chosen.unwrap_or_else(|| target_folder().join("support"));
        fs::create_dir_all(&folder).expect("the target folder can be written to");
        let file = |end| folder.join(format!("{}.{end}", S::NAME));
        Self { lock: file("lock"), starting: file("starting"), state: file("state") }
    }

    /// Where the server listens, if it is there.
    fn port(&self) -> Option<u16> {
        let state = fs::read_to_string(&self.state).ok()?;
        let mut lines = state.lines();
        let folder = Path::new(lines.next()?);
        let process = Pid::from_raw(lines.next()?.parse().ok()?)?;
        let port = lines.next()?.parse().ok()?;
        // Whether it lives: its number may have gone to another process, its folder not.
        let lives = process::within(folder).contains(&process);
        (lives && TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(port)
    }

    /// Starts the server, unless somebody else just did.
    async fn start<S: Service>(&self) -> u16 {
        let starting = open(&self.starting);
        starting.lock().expect("a file can be locked");
        if let Some(port) = self.port() {
            return port;
        }
        let folder = folder::unguarded(S::NAME, program::account(S::ACCOUNT));
        let mut keeper = folder::shell(folder::KEEPER);
        keeper.arg(&folder).arg(&self.lock).arg(&self.state);
        keeper.args([parent_id(), id()].map(|process| process.to_string()));
        keep(keeper);
        server::prepare::<S>(&folder).await;
        let (port, process) = server::launch::<S>(&folder, &Settings::default().volatile()).await;
        let state = format!("{}\n{}\n{}\n", folder.display(), process.id(), port.number);
        let draft = self.state.with_extension("draft");
        fs::write(&draft, state).expect("the target folder can be written to");
        fs::rename(&draft, &self.state).expect("a file can be renamed");
        port.number
    }
}

#[expect(clippy::zombie_processes, reason = "it outlives us; the system waits for it")]
fn keep(mut keeper: Command) {
    keeper.spawn().expect("a shell can be started");
}

fn open(path: &Path) -> File {
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
    file.expect("the target folder can be written to")
}

/// Where cargo builds, which it marks as a cache; without one, the folder for temporary files.
fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    target.map_or_else(std::env::temp_dir, Path::to_owned)
}

/// The variable with the folder in which tests find one another, if it is to be another one.
const FOLDER: &str = "MAINSPRING_SUPPORT_FOLDER";
