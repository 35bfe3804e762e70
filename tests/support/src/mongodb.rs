//! MongoDB, as a replica set of one: a standalone server has no transactions.

use std::path::Path;

use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use rustix::process::Signal;

use crate::clock::{self, Deadline};
use crate::database::{Databases, Failure};
use crate::program::Program;
use crate::server::{PATIENCE, Server, Service, Step};
use crate::settings::Settings;
use crate::shared::Shared;

/// A MongoDB server of our own.
pub type MongoDb = Server<MongoDbService>;

/// The MongoDB server that all tests of a run share.
pub type SharedMongoDb = Shared<MongoDbService>;

/// What is particular to MongoDB.
#[derive(Debug)]
pub struct MongoDbService;

impl Service for MongoDbService {
    const NAME: &'static str = "mongodb";
    const VARIABLE: &'static str = "MAINSPRING_MONGODB_URL";
    const READY: &'static str = "Waiting for connections";
    const PORT_TAKEN: &'static str = "Address already in use";
    const STOP: Signal = Signal::TERM;
    const ACCOUNT: &'static str = "mongodb";

    fn serve(data: &Path, port: u16, settings: &Settings) -> Step {
        let mut step = Step::new(MONGOD)
            .arg("--dbpath")
            .arg(data.to_string_lossy())
            .arg("--port")
            .arg(port.to_string())
            .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", SET])
            .args(["--oplogSize", "256", "--wiredTigerCacheSizeGB", "1"])
            // Nobody takes over from the only member, so that it need not wait when it stops.
            .args(["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
            // Connections can be cut at a given command.
            .args(["--setParameter", "enableTestCommands=1"]);
        for (name, value) in &settings.own {
            step = step.arg("--setParameter").arg(format!("{name}={value}"));
        }
        step
    }

    async fn begun(port: u16, settings: &Settings) {
        let done = make_primary(port, settings).await;
        done.unwrap_or_else(|why| panic!("the replica set has no primary: {why}"));
    }

    fn url(port: u16) -> String {
        format!("mongodb://127.0.0.1:{port}/?replicaSet={SET}")
    }
}

/// Makes a server the primary of a replica set of one, or waits until it is that again.
async fn make_primary(port: u16, settings: &Settings) -> Result<(), Failure> {
    let url = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
    let admin = Client::with_uri_str(url).await?.database("admin");
    let config = doc! {
        "_id": SET, "members": [{ "_id": 0, "host": format!("127.0.0.1:{port}") }],
        // Whether what the majority has is on the disk.
        "writeConcernMajorityJournalDefault": !settings.is_volatile,
    };
    let deadline = Deadline::after(PATIENCE);
    let mut refused = None;
    while !deadline.has_passed() {
        let hello = admin.run_command(doc! { "hello": 1 }).await?;
        if hello.get_bool("isWritablePrimary").unwrap_or_default() {
            return Ok(());
        }
        if !hello.contains_key("setName") {
            // It may have heard so before, and just read what it knows of its set.
            refused = admin.run_command(doc! { "replSetInitiate": config.clone() }).await.err();
        }
        clock::tick().await;
    }
    Err(refused.map_or_else(|| "nobody was elected".into(), Failure::from))
}

impl Databases for MongoDbService {
    async fn create(url: &str, name: &str) -> Result<(), Failure> {
        // One begins to be with its first collection.
        let database = connect(url).await?.database(name);
        database.create_collection("empty").await?;
        Ok(database.collection::<Document>("empty").drop().await?)
    }

    async fn remove(url: &str, name: &str) -> Result<(), Failure> {
        Ok(connect(url).await?.database(name).drop().await?)
    }

    /// Each connection that is there goes with the next command that comes over it.
    async fn cut(url: &str) -> Result<(), Failure> {
        let admin: Database = connect(url).await?.database("admin");
        let status = admin.run_command(doc! { "serverStatus": 1 }).await?;
        let count = status.get_document("connections")?.get_i32("active")?.max(1);
        let commands = [
            "abortTransaction",
            "aggregate",
            "commitTransaction",
            "delete",
            "distinct",
            "find",
            "findAndModify",
            "insert",
            "update",
        ];
        let data = doc! { "failCommands": commands.to_vec(), "closeConnection": true };
        let cut = doc! {
            "configureFailPoint": "failCommand", "mode": { "times": count }, "data": data,
        };
        admin.run_command(cut).await?;
        Ok(())
    }

    async fn answers(url: &str) -> Result<(), Failure> {
        connect(url).await?.database("admin").run_command(doc! { "ping": 1 }).await?;
        Ok(())
    }
}

async fn connect(url: &str) -> Result<Client, Failure> {
    Ok(Client::with_options(ClientOptions::parse(url).await?)?)
}

/// The name of the replica set.
const SET: &str = "rs0";

const MONGOD: Program = Program { name: "mongod", package: "mongodb-org-server" };
