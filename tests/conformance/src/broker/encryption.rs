//! A server that is spoken to under encryption. Adapters trust whom the system trusts, or the file
//! that the variable `SSL_CERT_FILE` names; a process reads that once, so there are two.

use std::env;
use std::path::Path;
use std::process::Command;

use mainspring_contract::broker::Broker;

use super::rig::{channel, link, receive, send, soon};

/// Who does not trust the authority of the server at `url` is told so, and another process that
/// does trust it is served. That process is this test again: it is to begin with [`trusted`], and
/// `name` is its whole name.
pub async fn only_who_trusts_the_server_is_served<B: Broker>(
    make: impl FnOnce(&str, &str) -> B,
    url: &str,
    authority: &Path,
    name: &str,
) {
    let broker = make(url, &channel());
    let error = match soon(broker.connect("farewell")).await {
        Ok(_) => panic!("nobody knows this authority"),
        Err(error) => said(&error).to_lowercase(),
    };
    assert!(error.contains("certificate") || error.contains("unknownissuer"), "{error}");
    let program = env::current_exe().expect("a test is a program");
    let mut trusting = Command::new(program);
    trusting.args(["--exact", name]);
    trusting.env(URL, url).env("SSL_CERT_FILE", authority);
    let output = trusting.output().expect("a test can be run");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{output:?}");
}

/// Whether this is the process that trusts the server; if so, it was served.
pub async fn trusted<B: Broker>(make: impl FnOnce(&str, &str) -> B) -> bool {
    let Ok(url) = env::var(URL) else { return false };
    let broker = make(&url, &channel());
    let (mut ada, mut bob) = (link(&broker).await, link(&broker).await);
    send(&mut ada, "hello").await;
    assert_eq!(receive(&mut bob).await, "hello");
    true
}

/// An error with its causes.
fn said(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Where the server is that the second process is to trust.
const URL: &str = "MAINSPRING_ENCRYPTED_URL";
