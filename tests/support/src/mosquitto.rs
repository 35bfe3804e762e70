//! Mosquitto.

use std::path::Path;

use rustix::process::Signal;

use crate::program::Program;
use crate::server::{Server, Service, Step};
use crate::settings::Settings;
use crate::shared::Shared;

/// A Mosquitto server of our own, for MQTT 3.1.1 and 5.
pub type Mosquitto = Server<MosquittoService>;

/// The Mosquitto server that all tests of a run share.
pub type SharedMosquitto = Shared<MosquittoService>;

/// What is particular to Mosquitto.
#[derive(Debug)]
pub struct MosquittoService;

impl Service for MosquittoService {
    const NAME: &'static str = "mosquitto";
    const VARIABLE: &'static str = "MAINSPRING_MQTT_URL";
    const READY: &'static str = " running";
    const PORT_TAKEN: &'static str = "Address already in use";
    const STOP: Signal = Signal::TERM;
    const ACCOUNT: &'static str = "mosquitto";

    /// Without a file of settings it listens for clients of this machine only, and lets all in.
    /// It keeps nothing; of the [`Settings`] it knows the certificate.
    fn serve(_data: &Path, port: u16, settings: &Settings) -> Step {
        let Some(certificate) = &settings.certificate else {
            return Step::new(MOSQUITTO).arg("-p").arg(port.to_string());
        };
        let (server, key) = (certificate.server(), certificate.key());
        let (server, key) = (server.display(), key.display());
        let own = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\ncertfile {server}\nkeyfile {key}\n"
        );
        let file = certificate.write("mosquitto.conf", &own);
        Step::new(MOSQUITTO).arg("-c").arg(file.to_string_lossy())
    }

    fn url(port: u16) -> String {
        format!("mqtt://127.0.0.1:{port}")
    }
}

const MOSQUITTO: Program = Program { name: "mosquitto", package: "mosquitto" };
