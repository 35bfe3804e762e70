//! What the daemon answers to programs that watch it: `GET /metrics` for Prometheus, `GET /health`
//! for whoever restarts what is ill.
//!
//! Just enough HTTP for these two: a request has no body, and each connection ends with its answer.
//! A stranger costs the daemon no more than [`AT_ONCE`] connections of [`HEAD_MAX`] bytes for
//! [`PATIENCE`] each.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use mainspring::Scheduler;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::clock;

/// Where the daemon is watched.
pub(crate) struct Endpoint {
    listener: TcpListener,
}

/// An answer to a request.
struct Answer {
    status: &'static str,
    kind: &'static str,
    body: String,
}

impl Endpoint {
    /// Takes the address.
    pub(crate) async fn open(address: &str) -> Result<Self, String> {
        let opened = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            info!(target: "mainspring::node", %address, "watched at /metrics and /health");
            io::Result::Ok(Self { listener })
        };
        opened.await.map_err(|error| format!("cannot listen at `{address}`: {error}"))
    }

    /// Answers for as long as it is polled.
    pub(crate) async fn serve(self, scheduler: Scheduler) {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            // It is never closed.
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Of the connection, or because there are too many files: it goes on then.
                    warn!(target: "mainspring::node", %error, "a watcher could not connect");
                    clock::pause(AFTER_FAILURE).await;
                    continue;
                }
            };
            let scheduler = scheduler.clone();
            tokio::spawn(async move {
                tokio::select! {
                    // A watcher that goes away does no harm.
                    _ = talk(stream, &scheduler) => {}
                    () = clock::pause(PATIENCE) => {}
                }
                drop(place);
            });
        }
    }
}

async fn talk(mut stream: TcpStream, scheduler: &Scheduler) -> io::Result<()> {
    let mut head = Vec::new();
    let mut limited = (&mut stream).take(HEAD_MAX);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if limited.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let answer = answer(line, scheduler).await;
    let Answer { status, kind, body } = answer;
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// The answer to a request that begins with this line.
async fn answer(line: &[u8], scheduler: &Scheduler) -> Answer {
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    match (method, path) {
        ("GET", "/metrics") => Answer {
            status: "200 OK",
            kind: "text/plain; version=0.0.4; charset=utf-8",
            body: scheduler.metrics().await.to_string(),
        },
        ("GET", "/health") => {
            let health = scheduler.health();
            let status = if health.is_well() { "200 OK" } else { "503 Service Unavailable" };
            Answer { status, kind: PLAIN, body: format!("{health}\n") }
        }
        (_, "/metrics" | "/health") => plain("405 Method Not Allowed", "only GET is known here\n"),
        _ => plain("404 Not Found", "there are /metrics and /health\n"),
    }
}

fn plain(status: &'static str, body: &str) -> Answer {
    Answer { status, kind: PLAIN, body: body.to_owned() }
}

const PLAIN: &str = "text/plain; charset=utf-8";

/// How many watchers are answered at once; the others wait.
const AT_ONCE: usize = 16;

/// How long a request may be: what browsers send fits.
const HEAD_MAX: u64 = 8 * 1_024;

/// How long a watcher may take for all of it, and the store for its part of the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait after a connection that could not be taken.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
