//! One output of a running command: logged line by line, its end kept.

use core::convert::Infallible;
use core::future::pending;
use core::mem;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::Captured;

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
    tail: Tail,
}

impl Capture {
    /// Reads `pipe`, which is named `stream` in the log, and keeps its last `limit` bytes.
    ///
    /// # Errors
    /// The pipe cannot be watched.
    pub(super) fn new(
        stream: &'static str,
        pipe: io::PipeReader,
        limit: usize,
    ) -> io::Result<Self> {
        let pipe = Some(pipe::Receiver::from_owned_fd(pipe.into())?);
        Ok(Self { stream, pipe, line: Vec::new(), tail: Tail::new(limit) })
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
        self.tail.into_captured()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.tail.push(bytes);
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

/// The last bytes of a stream.
#[derive(Debug)]
struct Tail {
    limit: usize,
    kept: VecDeque<u8>,
    cut: u64,
}

impl Tail {
    fn new(limit: usize) -> Self {
        Self { limit, kept: VecDeque::new(), cut: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        let skip = bytes.len().saturating_sub(self.limit);
        let bytes = &bytes[skip..];
        let old = (self.kept.len() + bytes.len()).saturating_sub(self.limit);
        self.kept.drain(..old);
        self.kept.extend(bytes);
        self.cut += (skip + old) as u64;
    }

    fn into_captured(mut self) -> Captured {
        // A cut inside a character leaves at most three bytes of it.
        let is_rest = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
        let torn =
            if self.cut > 0 { self.kept.iter().take(3).take_while(is_rest).count() } else { 0 };
        self.kept.drain(..torn);
        let text = String::from_utf8_lossy(self.kept.make_contiguous()).into_owned();
        Captured { text, cut: self.cut + torn as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(limit: usize, parts: &[&str]) -> Captured {
        let mut tail = Tail::new(limit);
        parts.iter().for_each(|part| tail.push(part.as_bytes()));
        tail.into_captured()
    }

    #[test]
    fn the_last_bytes_are_kept_and_the_cut_is_counted() {
        assert_eq!(kept(4, &["ab", "c"]), Captured { text: "abc".into(), cut: 0 });
        assert_eq!(kept(4, &["abc", "def"]), Captured { text: "cdef".into(), cut: 2 });
        assert_eq!(kept(4, &["abcdefgh", "i"]), Captured { text: "fghi".into(), cut: 5 });
        assert_eq!(kept(0, &["abc"]), Captured { text: String::new(), cut: 3 });
    }

    #[test]
    fn a_cut_inside_a_character_drops_the_rest_of_it() {
        assert_eq!(kept(3, &["€€"]), Captured { text: "€".into(), cut: 3 });
        assert_eq!(kept(4, &["€€"]), Captured { text: "€".into(), cut: 3 });
        assert_eq!(kept(5, &["€€"]), Captured { text: "€".into(), cut: 3 });
    }
}
