//! One command line: shown before it runs, run without stdin, its failure said in one line.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

/// A program with its arguments and the environment it adds to ours.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    program: String,
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
}

impl Call {
    /// `program` with the arguments in `args`, which are split at white space.
    pub(crate) fn new(program: &str, args: &str) -> Self {
        let args = args.split_whitespace().map(str::to_owned).collect();
        Self { program: program.to_owned(), args, env: Vec::new() }
    }

    pub(crate) fn cargo(args: &str) -> Self {
        Self::new("cargo", args)
    }

    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.to_owned()));
        self
    }

    /// Runs it in `dir`, its output going straight through.
    ///
    /// # Errors
    /// One line that names the command and how it ended.
    pub(crate) fn run(&self, dir: &Path) -> Result<(), String> {
        println!("  $ {self}");
        let status = self.command(dir).status().map_err(|error| self.unstarted(&error))?;
        self.verdict(status)
    }

    /// Runs it in `dir`, passing its output on and keeping a copy, which is returned whether it
    /// succeeded or not.
    pub(crate) fn run_keeping(&self, dir: &Path) -> (Result<(), String>, String) {
        println!("  $ {self}");
        let mut command = self.command(dir);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return (Err(self.unstarted(&error)), String::new()),
        };
        // Both pipes are read at once: whoever fills one while we wait on the other would hang.
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut kept = thread::scope(|scope| {
            let side = scope.spawn(|| tee(stderr, io::stderr()));
            let mut kept = tee(stdout, io::stdout());
            kept.push_str(&side.join().unwrap_or_default());
            kept
        });
        kept.push('\n');
        let result = match child.wait() {
            Ok(status) => self.verdict(status),
            Err(error) => Err(self.unstarted(&error)),
        };
        (result, kept)
    }

    /// What it prints when it succeeds, run quietly; `None` if it fails or cannot be started.
    pub(crate) fn answer(&self, dir: &Path) -> Option<String> {
        let output = self.command(dir).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(dir).stdin(Stdio::null());
        // What `cargo run` told us about our own package would make the inner cargo rebuild crates
        // whose build scripts watch those variables.
        for (name, _) in std::env::vars_os() {
            if is_of_our_own_package(&name) {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn verdict(&self, status: ExitStatus) -> Result<(), String> {
        if status.success() { Ok(()) } else { Err(format!("`{self}` failed ({status})")) }
    }

    fn unstarted(&self, error: &io::Error) -> String {
        format!("`{self}` could not be run: {error}")
    }
}

/// As one would type it into a shell.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&self.program)?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

fn is_of_our_own_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Copies `from` line by line to `to` and returns it; a reader that went away ends the copying, not
/// the reading.
fn tee(from: Option<impl Read>, mut to: impl Write) -> String {
    let mut kept = String::new();
    let Some(from) = from else { return kept };
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    let mut open = true;
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        open = open && to.write_all(&line).and_then(|()| to.flush()).is_ok();
        kept.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_shown_as_one_types_it() {
        let call = Call::cargo("doc --no-deps").arg("a b").env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(call.to_string(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps 'a b'");
    }

    #[test]
    fn a_failing_call_is_an_error_that_names_it() {
        let error = Call::cargo("no-such-subcommand").run(Path::new(".")).unwrap_err();
        assert!(error.starts_with("`cargo no-such-subcommand` failed (exit"), "{error}");
    }

    #[test]
    fn a_missing_program_is_an_error_that_names_it() {
        let (result, kept) = Call::new("no-such-program", "").run_keeping(Path::new("."));
        assert!(result.unwrap_err().starts_with("`no-such-program` could not be run: "));
        assert_eq!(kept, "");
    }

    #[test]
    fn both_streams_are_kept() {
        let (result, kept) = Call::cargo("--version").run_keeping(Path::new("."));
        assert_eq!(result, Ok(()));
        assert!(kept.starts_with("cargo "), "{kept}");
        let (result, kept) = Call::cargo("no-such-subcommand").run_keeping(Path::new("."));
        assert!(result.is_err());
        assert!(kept.contains("no such command"), "{kept}");
    }
}
