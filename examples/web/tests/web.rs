//! Both services do the same: what they are told, what they answer to nonsense, and how they stop.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const AXUM: &str = env!("CARGO_BIN_EXE_axum");
const ACTIX: &str = env!("CARGO_BIN_EXE_actix");

/// A service at work in a folder.
struct Server {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Server {
    fn start(program: &str, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.arg("127.0.0.1:0").current_dir(folder).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = said.next().expect("a line").expect("text");
        let address = first.strip_prefix("listening on ").expect("its address").to_owned();
        Self { child, said, address }
    }

    /// Begins a request; the answer is still to be read.
    fn begin(&self, head: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let length = body.len();
        let rest = format!("Host: here\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        write!(stream, "{head} HTTP/1.1\r\n{rest}{body}").expect("it reads");
        stream
    }

    /// The status and the body of the answer to a request.
    fn ask(&self, head: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        answer(self.begin(head, &body))
    }

    fn signal(&self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.expect("kill runs").success());
    }

    /// What it says until it has ended, successfully.
    fn last_words(mut self) -> Vec<String> {
        let words = self.said.by_ref().map(|line| line.expect("text")).collect();
        assert!(self.child.wait().expect("it ends").success());
        words
    }

    /// The answer about a job once it is over.
    fn end_of(&self, job: &str) -> Value {
        loop {
            let (status, body) = self.ask(&format!("GET /jobs/{job}"), &Value::Null);
            assert_eq!(status, 200, "{body}");
            if !body["outcome"].is_null() {
                return body;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(mut stream: TcpStream) -> (u16, Value) {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let (_, body) = text.split_once("\r\n\r\n").expect("a head");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// The whole life of a schedule and of a job.
fn schedules_and_jobs(program: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(program, folder.path());
    let new = json!({
        "name": "often", "task": "count-words", "trigger": "every 1h", "arguments": "one two",
    });
    assert_eq!(server.ask("POST /schedules", &new), (201, json!({ "name": "often" })));
    let (_, listed) = server.ask("GET /schedules", &Value::Null);
    assert_eq!(listed[0]["trigger"], "every 1h");
    assert_eq!(listed[0]["paused"], false);
    for (verb, paused) in [("pause", true), ("resume", false)] {
        let head = format!("POST /schedules/often/{verb}");
        assert_eq!(server.ask(&head, &Value::Null), (204, Value::Null));
        let (_, listed) = server.ask("GET /schedules", &Value::Null);
        assert_eq!(listed[0]["paused"], paused);
    }
    let new = json!({ "task": "count-words", "arguments": "to be or not" });
    let (status, queued) = server.ask("POST /jobs", &new);
    assert_eq!(status, 202);
    let end = server.end_of(queued["job"].as_str().expect("an id"));
    assert_eq!(end, json!({ "outcome": "succeeded", "output": 4, "error": null }));

    // What is stored is there again after a restart.
    server.signal();
    server.last_words();
    let server = Server::start(program, folder.path());
    let (_, listed) = server.ask("GET /schedules", &Value::Null);
    assert_eq!(listed[0]["name"], "often");
    assert_eq!(server.ask("DELETE /schedules/often", &Value::Null), (204, Value::Null));
    assert_eq!(server.ask("GET /schedules", &Value::Null), (200, json!([])));
}

fn nonsense(program: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(program, folder.path());
    let schedule = |name: &str, task: &str, trigger: &str| {
        let (name, task, trigger) = (name.to_owned(), task.to_owned(), trigger.to_owned());
        json!({ "name": name, "task": task, "trigger": trigger })
    };
    let no_job = "GET /jobs/018f0000-0000-7000-8000-000000000000";
    let cases = [
        ("POST /jobs", json!({ "task": "count-words", "argument": 1 }), 400, "unknown field"),
        ("POST /jobs", json!([]), 400, "expected"),
        ("POST /jobs", json!({ "task": "count-wrods" }), 422, "no task `count-wrods`"),
        ("POST /schedules", schedule("a", "count-words", "evry 1h"), 400, "evry"),
        ("POST /schedules", schedule("a", "count-words", "cron 99 * * * *"), 422, "99"),
        ("POST /schedules", schedule("", "count-words", "every 1h"), 422, "name"),
        ("POST /schedules/nobody/pause", Value::Null, 404, "no schedule `nobody`"),
        ("POST /schedules/nobody/resume", Value::Null, 404, "no schedule `nobody`"),
        ("DELETE /schedules/nobody", Value::Null, 404, "no schedule `nobody`"),
        ("GET /jobs/none", Value::Null, 400, "`none` is no job"),
        (no_job, Value::Null, 404, "no job"),
    ];
    for (head, body, status, part) in cases {
        let (code, answer) = server.ask(head, &body);
        let said = answer["error"].as_str().unwrap_or_default();
        assert!(code == status && said.contains(part), "{head} {body}: {code} {answer}");
    }
    assert_eq!(server.ask("GET /schedules", &Value::Null), (200, json!([])));
    // A task that refuses its arguments is no error of the request.
    let (_, queued) = server.ask("POST /jobs", &json!({ "task": "count-words", "arguments": "" }));
    let end = server.end_of(queued["job"].as_str().expect("an id"));
    assert_eq!(end["outcome"], "failed");
    assert_eq!(end["error"], "there is no word to count");
}

/// A request that is under way when the service is told to stop still needs the scheduler.
fn stops_in_order(program: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(program, folder.path());
    let body = json!({ "task": "count-words", "arguments": "late" }).to_string();
    let (now, later) = body.split_at(5);
    let length = body.len();
    let mut slow = TcpStream::connect(&server.address).expect("it listens");
    let head = format!("POST /jobs HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n");
    // The server says that it waits for the rest, and so has begun to serve this request.
    write!(slow, "{head}Expect: 100-continue\r\n\r\n").expect("it reads");
    let mut go_on = [0; 12];
    slow.read_exact(&mut go_on).expect("an interim answer");
    assert_eq!(&go_on, b"HTTP/1.1 100");
    write!(slow, "{now}").expect("it reads");
    server.signal();
    // It listens no more once the signal has been heard.
    while TcpStream::connect(&server.address).is_ok() {}
    write!(slow, "{later}").expect("it reads");
    let mut text = String::new();
    slow.read_to_string(&mut text).expect("an answer");
    assert!(text.contains("202 Accepted"), "{text}");
    let mut words: Vec<_> = server.said.by_ref().map(|line| line.expect("text")).collect();
    assert!(server.child.wait().expect("it ends").success());
    assert_eq!(words.remove(0), "the server has stopped");
    assert_eq!(words, ["the scheduler has stopped; jobs left behind: 0"]);
}

#[test]
fn axum_serves_schedules_and_jobs() {
    schedules_and_jobs(AXUM);
}

#[test]
fn actix_serves_schedules_and_jobs() {
    schedules_and_jobs(ACTIX);
}

#[test]
fn axum_refuses_nonsense_in_our_words() {
    nonsense(AXUM);
}

#[test]
fn actix_refuses_nonsense_in_our_words() {
    nonsense(ACTIX);
}

#[test]
fn axum_finishes_requests_before_it_stops_the_scheduler() {
    stops_in_order(AXUM);
}

#[test]
fn actix_finishes_requests_before_it_stops_the_scheduler() {
    stops_in_order(ACTIX);
}
