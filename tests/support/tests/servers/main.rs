//! Real servers do as they are told, and none is left behind.

mod clock;
mod door;
mod left;
mod sql;
mod talk;

use mainspring_support::{
    MariaDbService, MosquittoService, NatsService, PostgresService, RedisService, Server, Settings,
};
use sql::Sql;

use crate::clock::wait_until;

/// The same tests for each kind of server.
macro_rules! servers {
    ($($name:ident: $service:ty,)*) => {$(
        mod $name {
            #[tokio::test]
            async fn databases_are_empty_and_apart() {
                super::databases_are_empty_and_apart::<$service>().await;
            }

            #[tokio::test]
            async fn what_was_written_is_there_after_a_kill() {
                super::what_was_written_is_there_after_a_kill::<$service>().await;
            }

            #[tokio::test]
            async fn a_paused_server_goes_on_where_it_was() {
                super::a_paused_server_goes_on_where_it_was::<$service>().await;
            }

            #[tokio::test]
            async fn two_servers_know_nothing_of_each_other() {
                super::two_servers_know_nothing_of_each_other::<$service>().await;
            }

            #[test]
            fn a_killed_owner_leaves_nothing() {
                super::left::a_killed_owner_leaves_nothing(stringify!($name));
            }

            #[test]
            fn a_shared_server_lives_as_long_as_somebody_needs_it() {
                super::left::a_shared_server_lives_as_long_as_somebody_needs_it(stringify!($name));
            }

            #[tokio::test]
            async fn a_server_of_people_can_take_the_place() {
                super::left::a_server_of_people_can_take_the_place::<$service>(stringify!($name))
                    .await;
            }
        }
    )*};
}

servers! {
    postgres: super::PostgresService,
    mariadb: super::MariaDbService,
}

/// The same tests for each kind of broker.
macro_rules! brokers {
    ($($name:ident: $service:ty,)*) => {$(
        mod $name {
            #[tokio::test]
            async fn a_broker_does_as_it_is_told() {
                super::talk::a_broker_does_as_it_is_told::<$service>().await;
            }

            #[test]
            fn a_killed_owner_leaves_nothing() {
                super::left::a_killed_owner_leaves_nothing(stringify!($name));
            }
        }
    )*};
}

brokers! {
    redis: super::RedisService,
    mosquitto: super::MosquittoService,
    nats: super::NatsService,
}

const MAKE: &str = "CREATE TABLE t (n INT)";
const WRITE: &str = "INSERT INTO t VALUES (1), (2)";
const COUNT: &str = "SELECT count(*) FROM t";

async fn volatile<S: Sql>() -> Server<S> {
    Server::start_with(Settings::default().volatile()).await
}

async fn databases_are_empty_and_apart<S: Sql>() {
    let server = volatile::<S>().await;
    let (one, other) = (server.database().await, server.database().await);
    S::run(one.url(), MAKE).await.expect("an empty database takes a table");
    S::run(one.url(), WRITE).await.expect("a table takes rows");
    S::run(other.url(), MAKE).await.expect("the other database is empty too");
    assert_eq!(S::number(one.url(), COUNT).await.expect("an answer"), 2);
    assert_eq!(S::number(other.url(), COUNT).await.expect("an answer"), 0);
    assert_eq!(S::number(one.url(), S::OURS).await.expect("an answer"), 2);
}

async fn what_was_written_is_there_after_a_kill<S: Sql>() {
    let mut server: Server<S> = Server::start().await;
    let database = server.database().await;
    S::run(database.url(), MAKE).await.expect("an empty database takes a table");
    for _ in 0..2 {
        S::run(database.url(), WRITE).await.expect("a table takes rows");
        server.kill().await;
        S::number(database.url(), COUNT).await.expect_err("nobody is there");
        server.start_again().await;
        S::run(database.url(), WRITE).await.expect("a table takes rows");
        server.stop().await;
        S::number(database.url(), COUNT).await.expect_err("nobody is there");
        server.start_again().await;
    }
    assert_eq!(S::number(database.url(), COUNT).await.expect("an answer"), 8);
}

async fn a_paused_server_goes_on_where_it_was<S: Sql>() {
    let server = volatile::<S>().await;
    let database = server.database().await;
    S::run(database.url(), MAKE).await.expect("an empty database takes a table");
    server.pause().await;
    let url = database.url().to_owned();
    let write = tokio::spawn(async move { S::run(&url, WRITE).await });
    let port = server.port();
    let waits = move || wait_until("it is not let in", || door::somebody_waits(port));
    tokio::task::spawn_blocking(waits).await.expect("a paused server lets nobody in");
    assert!(!write.is_finished(), "a paused server answers");
    server.unpause();
    assert_eq!(write.await.expect("the task ends").expect("an answer"), 2);
    assert_eq!(S::number(database.url(), COUNT).await.expect("an answer"), 2);
}

async fn two_servers_know_nothing_of_each_other<S: Sql>() {
    let (mut one, other) = (volatile::<S>().await, volatile::<S>().await);
    assert_ne!(one.port(), other.port());
    let database = other.database().await;
    S::run(database.url(), MAKE).await.expect("an empty database takes a table");
    assert_eq!(S::number(&one.url(), S::OURS).await.expect("an answer"), 0);
    one.kill().await;
    S::number(&one.url(), S::OURS).await.expect_err("nobody is there");
    assert_eq!(S::number(database.url(), COUNT).await.expect("an answer"), 0);
}

#[tokio::test]
#[should_panic(expected = "no_such_setting")]
async fn a_server_that_does_not_start_says_why() {
    let settings = Settings::default().set("no_such_setting", "1");
    Server::<PostgresService>::start_with(settings).await;
}

#[test]
fn a_server_that_cannot_be_set_up_leaves_nothing() {
    left::a_server_that_cannot_be_set_up_leaves_nothing();
}

#[tokio::test]
async fn connections_can_be_cut() {
    cut_connections::<PostgresService>().await;
    cut_connections::<MariaDbService>().await;
}

async fn cut_connections<S: Sql>() {
    let server = volatile::<S>().await;
    let url = server.url();
    let mut held = S::hold(&url).await;
    S::ask(&mut held).await.expect("it is held");
    server.cut_connections().await;
    S::ask(&mut held).await.expect_err("it is cut");
    S::number(&url, S::OURS).await.expect("others are welcome");
}
