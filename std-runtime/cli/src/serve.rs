//! `mainspring serve`: the daemon.

use core::time::Duration;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use mainspring::process::{Commands, Program};
use mainspring::{Role, Running, Scheduler};
use mainspring_contract::Tag;
use mainspring_core::time::Span;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;

use crate::broker::BrokerPlace;
use crate::config::{Config, Host, Loaded};
use crate::endpoint::Endpoint;
use crate::job::JobTasks;
use crate::lock::{NodeLock, RUNS_WAIT};
use crate::place::StorePlace;
use crate::{BAD_INPUT, clock, output, plan};

/// What `serve` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The configuration file
    file: PathBuf,
    /// The name of this daemon among those on the same store [default: the file's `node`, else
    /// the host's name]
    #[arg(long)]
    node: Option<String>,
    /// What tells daemons on the same store about each other at once, such as redis://HOST
    /// [default: the file's `broker`, else the store itself if it is PostgreSQL]
    #[arg(long, value_name = "URL")]
    broker: Option<String>,
    /// What this daemon does: both, planner or worker
    ///
    /// A planner turns due schedules into jobs and runs none; a worker runs jobs and leaves
    /// schedules to others. The schedules of its file are put into the store either way.
    #[arg(long, value_parser = crate::operate::nodes::role, default_value = "both")]
    role: Role,
    /// How long running commands may go on after the daemon was asked to stop
    #[arg(long, value_name = "SPAN", default_value = "30s")]
    grace: Span,
    /// Answer GET /metrics (for Prometheus) and GET /health at this address, like `127.0.0.1:9186`
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,
}

/// Serves until it is told to stop.
pub(crate) fn main(options: &Options, program: &Program) -> ExitCode {
    let Loaded { config, problems } = Config::load(&options.file, &Host::of_process(clock::now()));
    for problem in &problems {
        let _ = writeln!(io::stderr().lock(), "{problem}");
    }
    let Some(mut config) = config else { return ExitCode::from(BAD_INPUT) };
    match options.broker.as_deref().map(BrokerPlace::parse).transpose() {
        Ok(None) => {}
        Ok(broker) => config.broker = broker,
        Err(why) => {
            output::complain(&format!("`--broker`: {why}"));
            return ExitCode::from(BAD_INPUT);
        }
    }
    let filter = EnvFilter::try_from_env("MAINSPRING_LOG").unwrap_or_else(|_| "info".into());
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    logs.with_ansi(io::stderr().is_terminal()).init();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let served = match runtime {
        Ok(runtime) => runtime.block_on(serve(options, config, program)),
        Err(error) => Err(format!("cannot start: {error}")),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            output::complain(&message);
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options, config: Config, program: &Program) -> Result<(), String> {
    let node = options.node.clone().or_else(|| config.node.clone()).unwrap_or_else(host_name);
    // Signals that arrive while the daemon starts must not be lost.
    let mut signals = Signals::new().map_err(|error| format!("cannot receive signals: {error}"))?;
    let endpoint = match &options.metrics {
        Some(address) => Some(Endpoint::open(address).await?),
        None => None,
    };
    info!(target: "mainspring::node", node, store = %config.store, "starting");
    let started = tokio::select! {
        // Whatever has begun by then has been stored, or will not be.
        () = signals.stop() => {
            info!(target: "mainspring::node", "asked to stop before it had started");
            return Ok(());
        }
        started = start(options, &config, &node, program) => started?,
    };
    let Started { lock, tasks, scheduler, source, running } = started;
    info!(
        target: "mainspring::node",
        file = %options.file.display(), store = %config.store, schedules = config.schedules.len(),
        "serving",
    );
    // It is gone once its runtime is: until the very end it tells how the daemon is.
    let _watched = endpoint.map(|endpoint| tokio::spawn(endpoint.serve(scheduler.clone())));
    while signals.reload_or_stop().await {
        tokio::select! {
            () = signals.stop() => break,
            () = reload(options, &scheduler, &tasks, &config, &source) => {}
        }
    }
    stop(running, &mut signals, options.grace.to_duration()).await;
    drop(lock);
    Ok(())
}

/// A daemon at work.
struct Started {
    lock: Option<NodeLock>,
    tasks: JobTasks,
    scheduler: Scheduler,
    source: String,
    running: Running,
}

async fn start(
    options: &Options,
    config: &Config,
    node: &str,
    program: &Program,
) -> Result<Started, String> {
    let lock = lock(&config.store, node).await?;
    let commands = Commands::new(program);
    let commands = match &lock {
        Some(lock) => commands.share_lock(lock.runs_lock()),
        None => commands,
    };
    let tasks = JobTasks::new(commands);
    let scheduler = open(config, node, options.role, &tasks).await?;
    let source = plan::source(&options.file)?;
    sync(&scheduler, config, &source).await?;
    let running = scheduler.start().await.map_err(|error| error.to_string())?;
    Ok(Started { lock, tasks, scheduler, source, running })
}

async fn lock(store: &StorePlace, node: &str) -> Result<Option<NodeLock>, String> {
    let StorePlace::Sqlite(path) = store else { return Ok(None) };
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let lock = NodeLock::take(folder, &name, node, RUNS_WAIT).await;
    lock.map(Some).map_err(|error| error.to_string())
}

async fn open(
    config: &Config,
    node: &str,
    role: Role,
    tasks: &JobTasks,
) -> Result<Scheduler, String> {
    let mut builder = config.store.open(config.broker.as_ref()).await?;
    if let StorePlace::Sqlite(_) = config.store {
        // The lock file keeps every other process away from this node's name.
        builder = builder.node_is_mine();
    }
    if let Some(span) = config.keep_runs {
        builder = builder.keep_history(span.to_duration());
    }
    for task in tasks.of(&config.tasks) {
        builder = builder.task(task);
    }
    let builder = builder.tags(config.tags.iter().map(Tag::as_str));
    builder.node(node).role(role).build().await.map_err(|error| error.to_string())
}

async fn sync(scheduler: &Scheduler, config: &Config, source: &str) -> Result<(), String> {
    let schedules = config.schedules.iter().map(|one| plan::schedule(one, &config.tasks)).collect();
    let synced = scheduler.sync(source, schedules).await.map_err(|error| error.to_string())?;
    for (schedule, put) in config.schedules.iter().zip(synced.0) {
        plan::report(&schedule.name, put);
    }
    for removed in synced.1 {
        info!(target: "mainspring::schedule", schedule = %removed, "removed");
    }
    Ok(())
}

/// Reads the file again. Whatever is wrong with it, the daemon goes on with what it has.
async fn reload(
    options: &Options,
    scheduler: &Scheduler,
    tasks: &JobTasks,
    before: &Config,
    source: &str,
) {
    info!(target: "mainspring::node", "reading the file again");
    let Loaded { config, problems } = Config::load(&options.file, &Host::of_process(clock::now()));
    for problem in &problems {
        warn!(target: "mainspring::node", "{problem}");
    }
    let Some(config) = config else {
        error!(target: "mainspring::node", "the file has errors; going on as before");
        return;
    };
    if config.store != before.store {
        warn!(target: "mainspring::node", "a new `store` is used after a restart only");
    }
    let named = |config: &Config| config.broker.as_ref().map(ToString::to_string);
    if options.broker.is_none() && named(&config) != named(before) {
        warn!(target: "mainspring::node", "a new `broker` is used after a restart only");
    }
    if config.tags != before.tags {
        warn!(target: "mainspring::node", "new `tags` are used after a restart only");
    }
    let changed = async {
        let tasks = tasks.of(&config.tasks);
        scheduler.replace_tasks(tasks).await.map_err(|error| error.to_string())?;
        sync(scheduler, &config, source).await
    };
    match changed.await {
        Ok(()) => info!(target: "mainspring::node", "the file was read again"),
        Err(error) => error!(target: "mainspring::node", error, "could not take over the file"),
    }
}

async fn stop(running: Running, signals: &mut Signals, grace: Duration) {
    info!(target: "mainspring::node", "asked to stop; once more stops at once");
    let stopped = running.stop_or_abort(grace, signals.stop()).await;
    if stopped.left > 0 {
        warn!(target: "mainspring::node", left = stopped.left, "some jobs will run again");
    }
}

/// The signals that a daemon listens to.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal; says whether it asks to read the file again.
    async fn reload_or_stop(&mut self) -> bool {
        tokio::select! {
            _ = self.hangup.recv() => true,
            _ = self.interrupt.recv() => false,
            _ = self.terminate.recv() => false,
        }
    }

    /// Waits until it is to stop. A wish to read the file again is kept for later.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The host's name, or `localhost` if it has none that can be used.
fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.trim().is_empty() { "localhost".to_owned() } else { name }
}
