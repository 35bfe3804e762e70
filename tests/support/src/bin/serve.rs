//! Starts a private server, for databases with an empty one on it, says where they are, and ends
//! them with standard input.
//!
//! ```text
//! cargo run -p mainspring-support --bin serve -- postgres
//! ```
//!
//! The first line is the address, the second the server's folder.

#![expect(clippy::print_stdout, reason = "it says where the server is")]

use std::io::Read;
use std::process::ExitCode;

use mainspring_support::{
    Databases, MariaDbService, MongoDbService, MosquittoService, NatsService, PostgresService,
    RedisService, Server, Service, Shared,
};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let wish: Vec<String> = std::env::args().skip(1).collect();
    let wish: Vec<&str> = wish.iter().map(String::as_str).collect();
    match wish[..] {
        ["postgres"] => runtime.block_on(serve::<PostgresService>()),
        ["mongodb"] => runtime.block_on(serve::<MongoDbService>()),
        ["mariadb"] => runtime.block_on(serve::<MariaDbService>()),
        ["shared", "postgres"] => runtime.block_on(share::<PostgresService>()),
        ["shared", "mariadb"] => runtime.block_on(share::<MariaDbService>()),
        ["shared", "mongodb"] => runtime.block_on(share::<MongoDbService>()),
        ["redis"] => runtime.block_on(plain::<RedisService>()),
        ["mosquitto"] => runtime.block_on(plain::<MosquittoService>()),
        ["nats"] => runtime.block_on(plain::<NatsService>()),
        _ => {
            eprintln!(
                "usage: serve [shared] postgres | mariadb | mongodb, serve redis | mosquitto | nats"
            );
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

async fn serve<S: Databases>() {
    let server: Server<S> = Server::start().await;
    let database = server.database().await;
    println!("{}\n{}", database.url(), server.folder().display());
    wait();
}

async fn plain<S: Service>() {
    let server: Server<S> = Server::start().await;
    println!("{}\n{}", server.url(), server.folder().display());
    wait();
}

async fn share<S: Databases>() {
    let server: Shared<S> = Shared::join().await;
    let database = server.database().await;
    println!("{}", database.url());
    wait();
}

fn wait() {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
