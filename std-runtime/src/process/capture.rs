//! One output of a running command: logged line by line, its beginning and its end kept.

use core::convert::Infallible;
use core::future::pending;
use core::mem;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::command::Captured;

/// Longest line logged in one piece, so that output without line ends needs no memory without end.
const LINE_LIMIT: usize = 8 * 1024;
/// Most bytes taken after the command's end: what a pipe can hold on Linux for an ordinary user
/// (`/proc/sys/fs/pipe-max-size`), so that a process that left the session cannot hold up the run.
const REST_LIMIT: usize = 1024 * 1024;

/// The reading end of a command's output and what has come out of it.
#[derive(Debug)]
pub(super) struct Capture {
    stream: &'static str,
    pipe: Option<pipe::Receiver>,
    line: Vec<u8>,
    kept: Kept,
}

impl Capture {
    /// Reads `pipe`, which is named `stream` in the log, and keeps `limit` bytes.
    ///
    /// # Errors
    /// The pipe cannot be watched.
    pub(super) fn new(
        stream: &'static str,
        pipe: io::PipeReader,
        limit: usize,
    ) -> io::Result<Self> {
        let pipe = Some(pipe::Receiver::from_owned_fd(pipe.into())?);
        Ok(Self { stream, pipe, line: Vec::new(), kept: Kept::new(limit) })
    }

    /// Takes output as it comes. Never ends, since the end of output says nothing about the
    /// command: it may have closed its outputs and run on. Cancel safe.
    pub(super) async fn pump(&mut self) -> Infallible {
        let mut chunk = vec![0; LINE_LIMIT];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut chunk).await {
                Ok(0) | Err(_) => self.pipe = None,
                Ok(n) => self.take(&chunk[..n]),
            }
        }
        pending().await
    }

    /// Forgets what has come so far.
    pub(super) fn forget(&mut self) {
        self.kept = Kept::new(self.kept.limit);
    }

    /// Takes what is still in the pipe, and gives the end of it all.
    pub(super) fn finish(mut self) -> Captured {
        // Read directly: the reactor may not have heard yet that there is something to read.
        if let Some(rest) = self.pipe.take().and_then(|pipe| pipe.into_nonblocking_fd().ok()) {
            let mut rest = File::from(rest).take(REST_LIMIT as u64);
            let mut chunk = vec![0; LINE_LIMIT];
            while let Ok(n @ 1..) = rest.read(&mut chunk) {
                self.take(&chunk[..n]);
            }
        }
        if !self.line.is_empty() {
            self.log_line();
        }
        self.kept.into_captured()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.kept.push(bytes);
        for part in bytes.split_inclusive(|&b| b == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.ends_with(b"\n") || self.line.len() >= LINE_LIMIT {
                self.log_line();
            }
        }
    }

    fn log_line(&mut self) {
        let line = mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\n', '\r']);
        tracing::info!(target: "mainspring::command", stream = self.stream, "{line}");
    }
}

/// The first and the last bytes of a stream.
#[derive(Debug)]
struct Kept {
    limit: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    cut: u64,
}

impl Kept {
    fn new(limit: usize) -> Self {
        Self { limit, head: Vec::new(), tail: VecDeque::new(), cut: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = (self.limit / HEAD_PART - self.head.len()).min(bytes.len());
        let (head, bytes) = bytes.split_at(room);
        self.head.extend(head);
        let most = self.limit - self.limit / HEAD_PART;
        let skip = bytes.len().saturating_sub(most);
        let bytes = &bytes[skip..];
        let old = (self.tail.len() + bytes.len()).saturating_sub(most);
        self.tail.drain(..old);
        self.tail.extend(bytes);
        self.cut += (skip + old) as u64;
    }

    fn into_captured(mut self) -> Captured {
        if self.cut == 0 {
            self.head.extend(&self.tail);
            let text = String::from_utf8_lossy(&self.head).into_owned();
            return Captured { head: String::new(), text, cut: 0 };
        }
        // A cut inside a character leaves at most three bytes of it on either side.
        let is_rest = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
        let torn = self.tail.iter().take(3).take_while(|byte| is_rest(byte)).count();
        self.tail.drain(..torn);
        let whole = match str::from_utf8(&self.head) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.head.len(),
        };
        let lost = torn + self.head.len() - whole;
        let head = String::from_utf8_lossy(&self.head[..whole]).into_owned();
        let text = String::from_utf8_lossy(self.tail.make_contiguous()).into_owned();
        Captured { head, text, cut: self.cut + lost as u64 }
    }
}

/// The beginning gets this part of the room: it says what was tried, the end what came of it.
const HEAD_PART: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(limit: usize, parts: &[&str]) -> Captured {
        let mut kept = Kept::new(limit);
        parts.iter().for_each(|part| kept.push(part.as_bytes()));
        kept.into_captured()
    }

    fn captured(head: &str, cut: u64, text: &str) -> Captured {
        Captured { head: head.into(), text: text.into(), cut }
    }

    #[test]
    fn the_first_and_the_last_bytes_are_kept_and_what_is_cut_is_counted() {
        assert_eq!(kept(4, &["ab", "c"]), captured("", 0, "abc"));
        assert_eq!(kept(4, &["abcd"]), captured("", 0, "abcd"));
        assert_eq!(kept(4, &["abc", "def"]), captured("a", 2, "def"));
        assert_eq!(kept(8, &["a", "b", "cdefgh", "i"]), captured("ab", 1, "defghi"));
        assert_eq!(kept(0, &["abc"]), captured("", 3, ""));
        assert_eq!(kept(4, &["abc", "def"]).to_string(), "a\n[… 2 bytes …]\ndef");
        assert_eq!(kept(4, &["abc"]).to_string(), "abc");
    }

    #[test]
    fn a_cut_inside_a_character_drops_the_rest_of_it() {
        assert_eq!(kept(8, &["€€€€"]), captured("", 6, "€€"));
        assert_eq!(kept(12, &["€€€€€"]), captured("€", 3, "€€€"));
        assert_eq!(kept(3, &["€€"]), captured("", 3, "€"));
    }
}
