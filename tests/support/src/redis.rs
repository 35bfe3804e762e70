//! Redis.

use std::path::Path;

use rustix::process::Signal;

use crate::program::Program;
use crate::server::{Server, Service, Step};
use crate::settings::Settings;
use crate::shared::Shared;

/// A Redis server of our own.
pub type Redis = Server<RedisService>;

/// The Redis server that all tests of a run share.
pub type SharedRedis = Shared<RedisService>;

/// What is particular to Redis.
#[derive(Debug)]
pub struct RedisService;

impl Service for RedisService {
    const NAME: &'static str = "redis";
    const VARIABLE: &'static str = "MAINSPRING_REDIS_URL";
    const READY: &'static str = "Ready to accept connections";
    const PORT_TAKEN: &'static str = "Address already in use";
    const STOP: Signal = Signal::TERM;
    const ACCOUNT: &'static str = "redis";

    fn serve(data: &Path, port: u16, settings: &Settings) -> Step {
        let mut step = Step::new(REDIS_SERVER)
            .args(["--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(data.to_string_lossy());
        step = if let Some(certificate) = &settings.certificate {
            step.args(["--port", "0", "--tls-auth-clients", "no", "--tls-cert-file"])
                .arg(certificate.server().to_string_lossy())
                .arg("--tls-key-file")
                .arg(certificate.key().to_string_lossy())
                .arg("--tls-port")
        } else {
            step.arg("--port")
        };
        step = step.arg(port.to_string());
        let durable = ["--appendonly", "yes", "--appendfsync", "always"];
        step = if settings.is_volatile { step } else { step.args(durable) };
        for (name, value) in &settings.own {
            step = step.arg(format!("--{name}")).arg(value);
        }
        step
    }

    fn url(port: u16) -> String {
        format!("redis://127.0.0.1:{port}")
    }
}

const REDIS_SERVER: Program = Program { name: "redis-server", package: "redis-server" };
