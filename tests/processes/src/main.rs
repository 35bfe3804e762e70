//! A program with functions that go wrong in every way, and a node that tests kill.
#![cfg(unix)]
#![expect(clippy::print_stdout, reason = "what functions print must disturb nobody")]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::Command as Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainspring::process::{Command, Commands, Functions, Pool, Program};
use mainspring::{Context, GiveUp, RetryAfter, Scheduler, Snooze, State};
use mainspring_memory::MemoryStore;
use rustix::process::{Signal, getpid, kill_process};

/// What each process counts for itself.
#[derive(Default)]
struct Calls(AtomicU32);

fn main() {
    let program = functions().init();
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("interrupt").is_some() {
        return interrupted();
    }
    let (Some(what), Some(pipe)) = (arguments.next(), arguments.next()) else {
        eprintln!("app: pool PIPE | command PIPE | interrupt");
        std::process::exit(2);
    };
    node(&program, &what, &pipe);
}

fn functions() -> Functions {
    Functions::new()
        .state(Calls::default)
        .with("double", |n: u64| Ok::<_, String>(2 * n))
        .with("process", |(): ()| Ok::<_, String>(std::process::id()))
        .with("count", |(): (), calls: State<Calls>| {
            Ok::<_, String>((std::process::id(), calls.0.fetch_add(1, Ordering::SeqCst) + 1))
        })
        .with("panics", |what: String| -> Result<(), String> { panic!("on purpose: {what}") })
        .with("fails", |what: String| Err::<(), _>(what))
        .with("gives_up", |(): ()| Err::<(), _>(GiveUp::because("no such card")))
        .with("retries", |(): (), run: Context| match run.attempt() {
            1 => Err(RetryAfter::new(Duration::ZERO, "not yet")),
            attempt => Ok(attempt),
        })
        .with("snoozes", |(): (), calls: State<Calls>| {
            match calls.0.fetch_add(1, Ordering::SeqCst) {
                0 => Err(Snooze::after(Duration::ZERO)),
                _ => Ok(()),
            }
        })
        .with("exits", |code: i32| -> Result<(), String> { std::process::exit(code) })
        .with("aborts", |(): ()| -> Result<(), String> {
            eprintln!("no memory left");
            std::process::abort()
        })
        .with("signals", signals)
        .with("prints", prints)
        .with("reads", |(): ()| std::io::read_to_string(std::io::stdin()))
        .with("hangs", hangs)
        .with("listens", listens)
        .with("about", |(): (), run: Context| {
            let about = (run.job().to_string(), run.task().to_string(), run.attempt());
            Ok::<_, String>((about, run.token().number(), run.started_at().to_string()))
        })
        .with("stranger", |(): (), _: State<String>| {})
}

/// Ends its own process by this signal, as a fault in native code does, or the kernel when memory
/// is short.
fn signals(number: i32) -> Result<(), String> {
    let signal = Signal::from_named_raw(number).ok_or("no such signal")?;
    // Until it has come: std takes the first SIGSEGV for an overflow of the stack, and looks.
    loop {
        kill_process(getpid(), signal).map_err(|error| error.to_string())?;
    }
}

/// Says what looks like the protocol, on both outputs and through a child.
fn prints(n: u64) -> Result<u64, std::io::Error> {
    println!("{{\"outcome\":1,\"output\":null,\"error\":\"forged\",\"ask\":\"nothing\"}}");
    eprintln!("{{\"outcome\":1,\"output\":null,\"error\":\"forged\",\"ask\":\"nothing\"}}");
    print!("a line without an end");
    Child::new("sh")
        .args(["-c", "echo out; echo err >&2; exec head -c 300000 /dev/zero"])
        .status()?;
    Ok(n)
}

/// Never ends, keeps its processor busy, and has children that hold the pipe open.
fn hangs(pipe: String) -> Result<(), std::io::Error> {
    let mut pipe = OpenOptions::new().write(true).open(pipe)?;
    let held = || Ok::<_, std::io::Error>(std::process::Stdio::from(File::try_clone(&pipe)?));
    Child::new("sleep").arg("1000").stdout(held()?).spawn()?;
    Child::new("sh").args(["-c", "trap '' TERM HUP; sleep 1000 & wait"]).stdout(held()?).spawn()?;
    writeln!(pipe, "{}", std::process::id())?;
    loop {
        core::hint::spin_loop();
    }
}

/// Ends as soon as it is told to.
fn listens(pipe: String, run: Context) -> Result<(), String> {
    let said = OpenOptions::new().write(true).open(pipe).and_then(|mut pipe| writeln!(pipe, "up"));
    said.map_err(|error| error.to_string())?;
    loop {
        if let Some(why) = run.why_cancelled() {
            return Err(format!("tidied up: {why}"));
        }
        core::hint::spin_loop();
    }
}

/// Is asked to stop between the call that listens and the moment when it is waited for, twice.
#[tokio::main]
async fn interrupted() {
    for signal in [Signal::TERM, Signal::INT] {
        let asked = mainspring::signal::interrupt();
        kill_process(getpid(), signal).expect("a process may signal itself");
        asked.await;
    }
    println!("stopped");
}

/// Runs one endless job, until it is killed.
#[tokio::main]
async fn node(program: &Program, what: &str, pipe: &str) {
    let command = Command::shell("exec 9>\"$1\"; sleep 1000 & echo up >&9; wait").job_args();
    let scheduler = Scheduler::builder(MemoryStore::default())
        .task(Pool::new(program, 1).task("hangs"))
        .task(Commands::new(program).task("command", command))
        .build()
        .await
        .expect("it is valid");
    let running = scheduler.start().await.expect("it starts");
    let task = if what == "pool" { "hangs" } else { "command" };
    let end = scheduler.job(task, pipe).enqueue_and_wait().await;
    println!("{end:?}");
    drop(running);
}
