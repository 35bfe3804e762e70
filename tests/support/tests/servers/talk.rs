//! One question to each kind of server, without a library.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use mainspring_support::{MosquittoService, NatsService, RedisService, Server, Service};

use crate::clock::wait_until;
use crate::door;

/// A kind of server that can be greeted.
pub(crate) trait Talk: Service {
    /// What a client says first; nothing, if the server does.
    const HELLO: &'static [u8];
    /// How the answer begins.
    const ANSWER: &'static [u8];
}

impl Talk for RedisService {
    const HELLO: &'static [u8] = b"PING\r\n";
    const ANSWER: &'static [u8] = b"+PONG";
}

impl Talk for NatsService {
    const HELLO: &'static [u8] = b"";
    const ANSWER: &'static [u8] = b"INFO ";
}

impl Talk for MosquittoService {
    // CONNECT of MQTT 3.1.1, section 3.1: a clean session of a client called `t`.
    const HELLO: &'static [u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x05\x00\x01t";
    // CONNACK, section 3.2: accepted.
    const ANSWER: &'static [u8] = b"\x20\x02\x00\x00";
}

/// Greets it, if it is there.
fn greet<S: Talk>(server: &Server<S>) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).ok()?;
    stream.write_all(S::HELLO).ok()?;
    Some(stream)
}

/// Whether it answers whom it has heard.
fn replies<S: Talk>(mut greeted: TcpStream) -> bool {
    // Only ends a test that has failed.
    greeted.set_read_timeout(Some(Duration::from_secs(60))).expect("a minute is a timeout");
    let mut answer = vec![0; S::ANSWER.len()];
    greeted.read_exact(&mut answer).is_ok() && answer == S::ANSWER
}

/// Whether it is there and answers.
fn answers<S: Talk>(server: &Server<S>) -> bool {
    greet(server).is_some_and(replies::<S>)
}

pub(crate) async fn a_broker_does_as_it_is_told<S: Talk>() {
    let mut server: Server<S> = Server::start().await;
    let other: Server<S> = Server::start().await;
    assert!(answers(&server) && answers(&other));
    assert!(server.url().ends_with(&format!("://127.0.0.1:{}", server.port())));
    server.kill().await;
    assert!(!answers(&server) && answers(&other));
    server.start_again().await;
    assert!(answers(&server));
    server.pause().await;
    let greeted = greet(&server).expect("the kernel takes connections for it");
    wait_until("it lets nobody in", || door::somebody_waits(server.port()));
    assert!(answers(&other));
    server.unpause();
    assert!(replies::<S>(greeted) && answers(&server));
    server.stop().await;
    assert!(!answers(&server));
}
