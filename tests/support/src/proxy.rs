//! What lies between a program and a server, and can be taken away.

use core::time::Duration;
use std::net::Ipv4Addr;
use std::thread;

use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::watch::{self, Receiver, Sender};

use crate::clock;

/// What happens to what goes through a [`Proxy`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// It arrives.
    #[default]
    Whole,
    /// Nothing arrives, in either direction, and nobody is told: connections stay, new ones are
    /// taken, and what was sent waits until the line is whole again, as behind a broken switch.
    Silent,
    /// Connections break, and new ones break at once, as behind a firewall that refuses.
    Cut,
    /// It arrives this much later.
    Slow(Duration),
}

/// A way to a server of this machine, for those who know this way only.
///
/// It works in a thread of its own until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Sender<State>,
}

/// How the line is, and how often it was cut: a cut may be over before anybody looks.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    line: Line,
    cuts: u32,
}

impl Proxy {
    /// A whole line to the server at `port`.
    ///
    /// # Panics
    /// If the machine has no port or thread left.
    pub fn to(port: u16) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.expect("a free port of the loopback device");
        listener.set_nonblocking(true).expect("a socket can be asked without waiting");
        let own = listener.local_addr().expect("it is bound").port();
        let (state, watched) = watch::channel(State::default());
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let work = move || runtime.block_on(take(listener, port, watched));
        thread::Builder::new().spawn(work).expect("a thread can be started");
        Self { port: own, state }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on this happens to what goes through.
    pub fn set(&self, line: Line) {
        self.state.send_modify(|state| {
            state.line = line;
            state.cuts += u32::from(line == Line::Cut);
        });
    }
}

/// Takes connections until the proxy is dropped.
async fn take(listener: std::net::TcpListener, port: u16, state: Receiver<State>) {
    let listener = TcpListener::from_std(listener).expect("it does not wait");
    let mut watched = state.clone();
    let dropped = async move {
        let _ = watched.wait_for(|_| false).await;
    };
    let taking = async {
        loop {
            // A connection that has gone already is nobody's loss.
            if let Ok((near, _)) = listener.accept().await {
                tokio::spawn(join(near, port, state.clone()));
            }
        }
    };
    tokio::select! {
        () = dropped => {}
        () = taking => {}
    }
}

/// One connection, until one of its ends or the line breaks.
async fn join(near: TcpStream, port: u16, state: Receiver<State>) -> io::Result<()> {
    let State { line, cuts } = *state.borrow();
    if line == Line::Cut {
        return Ok(());
    }
    let mut watched = state.clone();
    let cut = async move {
        let _ = watched.wait_for(|state| state.cuts != cuts).await;
    };
    let joined = async {
        let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        for side in [&near, &far] {
            side.set_nodelay(true)?;
        }
        let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
        tokio::try_join!(carry(from_near, to_far, state.clone()), carry(from_far, to_near, state))?;
        Ok(())
    };
    tokio::select! {
        () = cut => Ok(()),
        ended = joined => ended,
    }
}

/// One direction.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: Receiver<State>,
) -> io::Result<()> {
    let mut bytes = vec![0; PIECE];
    loop {
        let count = from.read(&mut bytes).await?;
        let open = state.wait_for(|state| state.line != Line::Silent).await;
        let line = open.map_err(io::Error::other)?.line;
        if let Line::Slow(span) = line {
            clock::rest(span).await;
        }
        if count == 0 {
            // The other direction may have something to say yet.
            return to.shutdown().await;
        }
        to.write_all(&bytes[..count]).await?;
    }
}

/// How much is carried at once.
const PIECE: usize = 64 * 1024;
