//! NATS.

use std::path::Path;

use rustix::process::Signal;

use crate::program::Program;
use crate::server::{Server, Service, Step};
use crate::settings::Settings;
use crate::shared::Shared;

/// A NATS server of our own.
pub type Nats = Server<NatsService>;

/// The NATS server that all tests of a run share.
pub type SharedNats = Shared<NatsService>;

/// What is particular to NATS.
#[derive(Debug)]
pub struct NatsService;

impl Service for NatsService {
    const NAME: &'static str = "nats";
    const VARIABLE: &'static str = "MAINSPRING_NATS_URL";
    const READY: &'static str = "Server is ready";
    const PORT_TAKEN: &'static str = "address already in use";
    const STOP: Signal = Signal::TERM;
    const ACCOUNT: &'static str = "nats";

    /// It keeps nothing; of the [`Settings`] it knows the certificate.
    fn serve(_data: &Path, port: u16, settings: &Settings) -> Step {
        let step = Step::new(NATS_SERVER).args(["-a", "127.0.0.1", "-p"]).arg(port.to_string());
        let Some(certificate) = &settings.certificate else { return step };
        step.args(["--tls", "--tlscert"])
            .arg(certificate.server().to_string_lossy())
            .arg("--tlskey")
            .arg(certificate.key().to_string_lossy())
    }

    fn url(port: u16) -> String {
        format!("nats://127.0.0.1:{port}")
    }
}

const NATS_SERVER: Program = Program { name: "nats-server", package: "nats-server" };
