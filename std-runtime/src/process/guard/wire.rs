//! What a node and a guard, or a node and a worker, say to each other: one JSON value a line, on
//! one socket.
//!
//! Both ends are the same program file, so the format has no versions.

use std::io;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::process::command::{Exit, Invocation};

/// What a node tells a guard. The end of the stream is an order too: kill, at once.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Start the command. Sent once, and only after [`Report::Ready`].
    Run {
        /// The command.
        invocation: Box<Invocation>,
        /// How many bytes follow, for the command to read, if it reads anything.
        reads: Option<usize>,
    },
    /// Ask the command to end (SIGTERM).
    Terminate,
    /// End the command now (SIGKILL).
    Kill,
}

/// What a guard tells its node.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    /// The guard holds its share of the runs lock.
    Ready,
    /// The command has a process, which leads the session and group of the same number.
    Started(i32),
    /// The command and everything in its session is gone.
    Ended(Exit),
    /// No command was started, because of this.
    Failed(String),
}

/// The receiving half of the conversation.
#[derive(Debug)]
pub(crate) struct Receiver(BufReader<OwnedReadHalf>, Vec<u8>);

/// The sending half of the conversation.
#[derive(Debug)]
pub(crate) struct Sender(OwnedWriteHalf);

/// Both halves of one end of the socket.
pub(crate) fn split(socket: UnixStream) -> (Receiver, Sender) {
    let (read, write) = socket.into_split();
    (Receiver(BufReader::new(read), Vec::new()), Sender(write))
}

impl Receiver {
    /// The next message, or `None` once the other end is closed.
    ///
    /// Cancel safe: a half-read line stays in the buffer.
    ///
    /// # Errors
    /// A line that is not a message.
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let read = self.0.read_until(b'\n', &mut self.1).await;
        // A peer that dies with unread input resets the connection: it is as gone as after EOF.
        if read.is_err() || !self.1.ends_with(b"\n") {
            return Ok(None);
        }
        let message = serde_json::from_slice(&self.1)?;
        self.1.clear();
        Ok(Some(message))
    }

    /// So many bytes, which follow a message; `None` if the other end closes before. Not cancel
    /// safe.
    pub(crate) async fn bytes(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = (&mut self.0).take(length as u64).read_to_end(&mut bytes).await;
        (read.is_ok() && bytes.len() == length).then_some(bytes)
    }
}

impl Sender {
    /// Sends one message.
    ///
    /// # Errors
    /// The other end is closed.
    pub(crate) async fn send<T: Serialize>(&mut self, message: &T) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.0.write_all(&line).await
    }

    /// Sends bytes that follow a message.
    ///
    /// # Errors
    /// The other end is closed.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }
}
