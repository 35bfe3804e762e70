//! What processes that use servers leave behind: nothing.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mainspring_support::{Server, Settings};
use tempfile::TempDir;

use crate::clock::wait_until;
use crate::sql::Sql;

/// A program that holds a server until it is told to end.
struct Holder {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Holder {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("a program can be started");
        let stdout = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Self { child, lines: Box::new(stdout.lines().map_while(Result::ok)) }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("it says where its server is")
    }

    fn kill(&mut self) {
        self.child.kill().expect("a child that was not waited for can be killed");
        self.child.wait().expect("a child can be waited for");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Both fail for one that was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn holder(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_serve"));
    command.args(args);
    command
}

pub(crate) fn a_killed_owner_leaves_nothing(name: &str) {
    let mut holder = Holder::start(holder(&[name]));
    let (url, folder) = (holder.line(), holder.line());
    assert!(serves(&url) && !within(&folder).is_empty());
    holder.kill();
    wait_until("the folder goes", || !Path::new(&folder).exists());
    wait_until("the processes go", || within(&folder).is_empty());
    assert!(!serves(&url));
}

pub(crate) fn a_shared_server_lives_as_long_as_somebody_needs_it(name: &str) {
    let place = TempDir::new().expect("a folder for temporary files");
    // The shell plays the runner, whose tests come and go.
    let script = r#""$1" shared "$2" <&0 & "$1" shared "$2" <&0 & wait"#;
    let mut runner = Command::new("/bin/sh");
    runner.args(["-c", script, "runner", env!("CARGO_BIN_EXE_serve"), name]);
    runner.env("MAINSPRING_SUPPORT_FOLDER", place.path());
    let mut runner = Holder::start(runner);
    let urls = [runner.line(), runner.line()];
    assert_eq!(port(&urls[0]), port(&urls[1]), "both use one server");
    assert_ne!(urls[0], urls[1], "each has a database of its own");
    let state = place.path().join(format!("{name}.state"));
    let folder = fs::read_to_string(&state).expect("the server's place is known");
    let folder = folder.lines().next().expect("it has a folder").to_owned();
    let mut late = holder(&["shared", name]);
    late.env("MAINSPRING_SUPPORT_FOLDER", place.path());
    let mut late = Holder::start(late);
    assert_eq!(port(&late.line()), port(&urls[0]), "who comes later uses the same");
    // The first two end with their input, in good order, and the runner with them.
    drop(runner.child.stdin.take());
    runner.child.wait().expect("a child can be waited for");
    assert!(serves(&urls[0]), "somebody still needs it");
    late.kill();
    wait_until("the folder goes", || !Path::new(&folder).exists());
    wait_until("the processes go", || within(&folder).is_empty());
    assert!(!serves(&urls[0]) && !state.exists());
}

pub(crate) fn a_server_that_cannot_be_set_up_leaves_nothing() {
    let place = TempDir::new().expect("a folder for temporary files");
    // Servers run as somebody else, who has to get there.
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let file = |name| place.path().join(name);
    let (broken, left) = (file("mariadb-install-db"), file("left"));
    fs::write(&broken, "#!/bin/sh\necho something is missing\nexit 1\n").expect("it is ours");
    fs::set_permissions(&broken, Permissions::from_mode(0o755)).expect("it is ours");
    fs::create_dir(&left).expect("it is ours");
    // Others in the run wait for such a server, too.
    let lock = File::create(file("mariadb.lock")).expect("it is ours");
    lock.lock_shared().expect("a file can be locked");
    for args in [&["mariadb"][..], &["shared", "mariadb"]] {
        // The shell plays the runner, which goes on with other tests.
        let script = r#""$@" 2>&1; read -r end"#;
        let mut runner = Command::new("/bin/sh");
        runner.args(["-c", script, "runner", env!("CARGO_BIN_EXE_serve")]).args(args);
        runner.env("MAINSPRING_SUPPORT_FOLDER", place.path()).env("TMPDIR", &left);
        runner.env("PATH", format!("{}:/usr/bin:/bin", place.path().display()));
        let mut runner = Holder::start(runner);
        let said = runner.lines.find(|line| line.contains("something is missing"));
        assert!(said.is_some(), "it says what has failed ({args:?})");
        wait_until("the folder goes", || fs::read_dir(&left).is_ok_and(|it| it.count() == 0));
        let ended = runner.child.try_wait().expect("a child can be waited for");
        assert_eq!(ended, None, "the run goes on ({args:?})");
    }
}

pub(crate) async fn a_server_of_people_can_take_the_place<S: Sql>(name: &str) {
    let server: Server<S> = Server::start_with(Settings::default().volatile()).await;
    let mut command = holder(&["shared", name]);
    command.env(S::VARIABLE, server.url());
    let mut holder = Holder::start(command);
    assert_eq!(port(&holder.line()), server.port());
    assert_eq!(S::number(&server.url(), S::OURS).await.expect("an answer"), 1);
    drop(holder.child.stdin.take());
    assert!(holder.child.wait().expect("a child can be waited for").success());
    assert_eq!(S::number(&server.url(), S::OURS).await.expect("an answer"), 0, "it tidied up");
}

fn port(url: &str) -> u16 {
    let (_, rest) = url.split_once("127.0.0.1:").expect("the server is on this machine");
    let port = rest.split('/').next().unwrap_or(rest);
    port.parse().expect("a port is a number")
}

fn serves(url: &str) -> bool {
    TcpStream::connect(("127.0.0.1", port(url))).is_ok()
}

/// The processes that work in a folder, or did before it was removed.
fn within(folder: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("Linux has /proc").map_while(Result::ok);
    let works = |entry: fs::DirEntry| {
        let cwd = fs::read_link(entry.path().join("cwd")).ok()?.to_string_lossy().into_owned();
        cwd.starts_with(folder).then(|| entry.file_name().to_string_lossy().into_owned())
    };
    processes.filter_map(works).collect()
}
