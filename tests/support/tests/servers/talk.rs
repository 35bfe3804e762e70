//! One question to each kind of server, without a library.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use mainspring_support::{MosquittoService, NatsService, RedisService, Server, Service};

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

/// Whether it answers within a while.
fn answers<S: Talk>(server: &Server<S>) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", server.port())) else { return false };
    // Only a server that stands still takes all of it.
    stream.set_read_timeout(Some(Duration::from_secs(1))).expect("a second is a timeout");
    let mut answer = vec![0; S::ANSWER.len()];
    let said = stream.write_all(S::HELLO).and_then(|()| stream.read_exact(&mut answer));
    said.is_ok() && answer == S::ANSWER
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
    assert!(!answers(&server) && answers(&other));
    server.unpause();
    assert!(answers(&server));
    server.stop().await;
    assert!(!answers(&server));
}
