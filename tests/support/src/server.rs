//! A server of our own: started, killed, stopped, paused and started again.

use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::time::Duration;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};

use crate::clock::{self, Deadline};
use crate::database::{Database, Databases};
use crate::folder::{self, Folder};
use crate::port::Port;
use crate::process;
use crate::program::{self, Account, Program};
use crate::settings::Settings;

/// Nothing that a server is waited for takes this long, however busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How many ports are tried.
const PORTS: u32 = 5;

/// What tells one kind of server from another.
pub trait Service: fmt::Debug + Send + Sync + 'static {
    /// In names of files and in messages.
    const NAME: &'static str;
    /// The variable with the URL of a server that takes the place of ours.
    const VARIABLE: &'static str;
    /// What the server writes once it serves, after it has bound its port.
    const READY: &'static str;
    /// What it writes if somebody else has its port.
    const PORT_TAKEN: &'static str;
    /// What makes it end in good order without waiting for its clients.
    const STOP: Signal;
    /// The account that its package makes.
    const ACCOUNT: &'static str;

    /// The commands that make and fill the folder `data`. Default: it is made, and empty.
    fn prepare(_data: &Path) -> Vec<Step> {
        Vec::new()
    }

    /// The command that serves what lies in `data`.
    fn serve(data: &Path, port: u16, settings: &Settings) -> Step;

    /// What is to be done each time when it serves, before anybody uses it. Default: nothing.
    fn begun(_port: u16, _settings: &Settings) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Its address for whoever may do everything.
    fn url(port: u16) -> String;
}

/// A program of a server with its arguments.
#[derive(Debug)]
pub struct Step {
    program: Program,
    args: Vec<String>,
}

impl Step {
    pub(crate) fn new(program: Program) -> Self {
        Self { program, args: Vec::new() }
    }

    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn args<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.args.extend(args.map(str::to_owned));
        self
    }

    fn command(&self, folder: &Path, account: Option<Account>) -> Command {
        let log = File::options().create(true).append(true).open(folder.join(LOG));
        let log = log.expect("the server's folder can be written to");
        let same = log.try_clone().expect("a file can be opened twice");
        let mut command = self.program.command(account);
        command.args(&self.args).current_dir(folder).stdout(log).stderr(same);
        // MariaDB clears away what other servers left there, even while those run.
        command.env("TMPDIR", folder);
        command
    }
}

/// A server that is ours alone; killed when dropped, and when this process ends, however it does.
#[derive(Debug)]
pub struct Server<S: Service> {
    folder: Folder,
    port: Port,
    settings: Settings,
    /// `None` between its end and its next start.
    process: Option<Child>,
    service: PhantomData<S>,
}

impl<S: Service> Server<S> {
    /// Starts a durable one with nothing in it; returns once it serves.
    ///
    /// # Panics
    /// If it is not installed, or with all that it wrote if it does not start.
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// Starts one as the settings say.
    ///
    /// # Panics
    /// Like [`start`](Self::start).
    pub async fn start_with(settings: Settings) -> Self {
        let folder = Folder::new(S::NAME, program::account(S::ACCOUNT));
        prepare::<S>(folder.path()).await;
        let (port, process) = launch::<S>(folder.path(), &settings).await;
        Self { folder, port, settings, process: Some(process), service: PhantomData }
    }

    /// Kills all of it with SIGKILL; returns once it is gone.
    pub async fn kill(&mut self) {
        process::kill(self.folder.path()).await;
        self.reap().await;
    }

    /// Ends it in good order, which does not wait for its clients.
    ///
    /// # Panics
    /// If it was ended before, or does not end.
    pub async fn stop(&mut self) {
        let process = self.process.as_ref().expect("a server that is to stop was started");
        kill_process(Pid::from_child(process), S::STOP).expect("a child takes signals");
        self.reap().await;
        // PostgreSQL's last helpers end a moment after it.
        process::kill(self.folder.path()).await;
    }

    /// Starts it again on the same port, with what it held.
    ///
    /// # Panics
    /// If it runs, or does not start.
    pub async fn start_again(&mut self) {
        assert!(self.process.is_none(), "a server that runs cannot be started");
        let started = serve::<S>(self.folder.path(), self.port.number, &self.settings).await;
        self.process =
            Some(started.unwrap_or_else(|_| panic!("{}", tell::<S>(self.folder.path()))));
    }

    /// Makes all of it stand still, with SIGSTOP: connections stay, answers do not come.
    pub async fn pause(&self) {
        process::pause(self.folder.path()).await;
    }

    /// Lets it go on.
    pub fn unpause(&self) {
        process::unpause(self.folder.path());
    }

    /// The address of the server, for whoever may do everything.
    pub fn url(&self) -> String {
        S::url(self.port.number)
    }

    /// The port that it listens on, also between its end and its next start.
    pub fn port(&self) -> u16 {
        self.port.number
    }

    /// The folder in which all of it lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that it wrote so far.
    pub fn log(&self) -> String {
        read_log(self.folder.path())
    }

    async fn reap(&mut self) {
        if let Some(mut process) = self.process.take() {
            ended(&mut process)
                .await
                .unwrap_or_else(|| panic!("{}", tell::<S>(self.folder.path())));
        }
    }
}

impl<S: Service> Drop for Server<S> {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // Both fail for a server that has ended. What else belongs to it goes with the folder.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl<S: Databases> Server<S> {
    /// A new, empty database.
    ///
    /// # Panics
    /// If the server does not make it.
    pub async fn database(&self) -> Database {
        // It goes with the server.
        Database::create::<S>(&self.url()).await.keep()
    }

    /// Cuts every connection to the server but the one that does it.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn cut_connections(&self) {
        S::cut(&self.url()).await.expect("the server cuts connections");
    }
}

/// Makes the data folder in `folder`.
///
/// # Panics
/// With what the programs wrote if one of them fails.
pub(crate) async fn prepare<S: Service>(folder: &Path) {
    let data = folder.join(DATA);
    let steps = S::prepare(&data);
    if steps.is_empty() {
        folder::make(&data, program::account(S::ACCOUNT));
    }
    for step in steps {
        let mut command = step.command(folder, program::account(S::ACCOUNT));
        let mut child = command.spawn().expect("an installed program can be started");
        let status = ended(&mut child).await;
        assert!(status.is_some_and(|status| status.success()), "{}", tell::<S>(folder));
    }
}

/// Starts a server on a free port.
///
/// # Panics
/// With all that it wrote if it does not start.
pub(crate) async fn launch<S: Service>(folder: &Path, settings: &Settings) -> (Port, Child) {
    for _ in 0..PORTS {
        let port = Port::free();
        match serve::<S>(folder, port.number, settings).await {
            Ok(process) => return (port, process),
            Err(log) if log.contains(S::PORT_TAKEN) => {}
            Err(_) => break,
        }
    }
    panic!("{}", tell::<S>(folder));
}

/// Starts a server and waits until it serves.
///
/// # Errors
/// What it wrote, if it ended instead.
async fn serve<S: Service>(folder: &Path, port: u16, settings: &Settings) -> Result<Child, String> {
    let before = read_log(folder).len();
    let step = S::serve(&folder.join(DATA), port, settings);
    let mut command = step.command(folder, program::account(S::ACCOUNT));
    let mut child = command.spawn().expect("an installed server can be started");
    let deadline = Deadline::after(PATIENCE);
    loop {
        let said = read_log(folder).split_off(before);
        if said.contains(S::READY) {
            S::begun(port, settings).await;
            return Ok(child);
        }
        let has_ended = child.try_wait().expect("a child can be waited for").is_some();
        if has_ended || deadline.has_passed() {
            process::kill(folder).await;
            let _ = child.wait();
            return Err(read_log(folder).split_off(before));
        }
        clock::tick().await;
    }
}

/// Waits for the end of a child; `None` at the end of the patience.
async fn ended(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Deadline::after(PATIENCE);
    while !deadline.has_passed() {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        clock::tick().await;
    }
    None
}

fn read_log(folder: &Path) -> String {
    // Logs are UTF-8 unless something else found its way into one.
    let log = fs::read(folder.join(LOG)).unwrap_or_default();
    String::from_utf8_lossy(&log).into_owned()
}

fn tell<S: Service>(folder: &Path) -> String {
    format!("{} does not do what it should:\n{}", S::NAME, read_log(folder))
}

/// The part of a server's folder that is its own.
const DATA: &str = "data";
/// What it wrote, in its folder.
const LOG: &str = "log";
