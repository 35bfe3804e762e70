//! The laws of every broker, for Redis.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use mainspring_conformance::broker::Switchboard;
use mainspring_conformance::broker_conformance;
use mainspring_contract::broker::{Broker, Link};
use mainspring_redis::RedisBroker;
use mainspring_support::{Redis, Settings, SharedRedis};
use tempfile::TempDir;

/// A server.
struct Board {
    url: String,
    own: Option<(Redis, TempDir)>,
    _shared: Option<SharedRedis>,
}

impl Switchboard for Board {
    type Broker = RedisBroker;

    async fn shared() -> Self {
        let shared = SharedRedis::join().await;
        Self { url: shared.url().to_owned(), own: None, _shared: Some(shared) }
    }

    /// One that lets in a single user, who has no other rights than those that are documented.
    async fn own() -> Self {
        let rights = "user default off\n\
                      user app on >secret resetkeys resetchannels allchannels -@all +subscribe \
                      +unsubscribe +publish +ping\n";
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let file = folder.path().join("users.acl");
        fs::write(&file, rights).expect("the folder can be written");
        // The server may run as a user of its own.
        for (path, mode) in [(folder.path(), 0o755), (file.as_path(), 0o644)] {
            fs::set_permissions(path, Permissions::from_mode(mode)).expect("they are ours");
        }
        let settings = Settings::default().volatile();
        let server = Redis::start_with(settings.set("aclfile", &file.to_string_lossy())).await;
        let url = server.url().replace("://", "://app:secret@");
        Self { url, own: Some((server, folder)), _shared: None }
    }

    fn broker(&self, channel: &str) -> RedisBroker {
        RedisBroker::new(&self.url, channel).expect("the address can be read")
    }

    async fn kill(&mut self) {
        self.own.as_mut().expect("it is our own").0.kill().await;
    }

    async fn start_again(&mut self) {
        self.own.as_mut().expect("it is our own").0.start_again().await;
    }
}

broker_conformance!(Board);

#[tokio::test]
async fn a_user_without_rights_is_told_what_to_do() {
    let board = Board::own().await;
    let (server, _) = board.own.as_ref().expect("it is our own");
    let wrong = server.url().replace("://", "://app:wrong-secret@");
    let broker = RedisBroker::new(&wrong, "a").expect("an address");
    let error = broker.connect("").await.expect_err("nobody is let in").to_string();
    assert!(error.contains("check user and password") && !error.contains("secret"), "{error}");
    let mut link = board.broker("a").connect("").await.expect("it may");
    link.send("a").await.expect("it may");
}
