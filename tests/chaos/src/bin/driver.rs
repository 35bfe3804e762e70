//! A driver that holds two daemons until it is killed: `driver PIPE`.
//!
//! The first runs and the second is stopped; both hold the pipe open.
//! Once it says `ready` on standard output, there is nothing left to do but to kill it.

#![expect(clippy::print_stdout, reason = "it speaks to the test that starts it")]

use std::io::Read;
use std::process::Command;

use mainspring_chaos::daemon::Daemon;
use rustix::process::Signal;

fn main() {
    let Some(pipe) = std::env::args_os().nth(1) else {
        eprintln!("driver PIPE");
        std::process::exit(2);
    };
    let daemons = [(); 2].map(|()| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec 9>\"$1\"; echo up >&2; exec sleep 1000", "daemon"]).arg(&pipe);
        let mut daemon = Daemon::start_as(command);
        daemon.hear("up");
        daemon
    });
    daemons[1].signal(Signal::STOP);
    println!("ready");
    // Until it is killed, or whoever started it has gone.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
