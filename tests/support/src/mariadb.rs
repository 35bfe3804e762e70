//! MariaDB.

use std::path::Path;

use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};

use crate::database::{Databases, Failure};
use crate::program::Program;
use crate::server::{Server, Service, Step};
use crate::settings::Settings;
use crate::shared::Shared;

/// A MariaDB server of our own.
pub type MariaDb = Server<MariaDbService>;

/// The MariaDB server that all tests of a run share.
pub type SharedMariaDb = Shared<MariaDbService>;

/// What is particular to MariaDB.
#[derive(Debug)]
pub struct MariaDbService;

impl Service for MariaDbService {
    const NAME: &'static str = "mariadb";
    const VARIABLE: &'static str = "MAINSPRING_MARIADB_URL";
    const READY: &'static str = "ready for connections";
    const PORT_TAKEN: &'static str = "Address already in use";
    const STOP: Signal = Signal::TERM;
    const ACCOUNT: &'static str = "mysql";

    fn prepare(data: &Path) -> Vec<Step> {
        // Whoever can reach the port is root without a password, as long as the server lives.
        let step = Step::new(INSTALL)
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(["--skip-name-resolve"]);
        vec![step]
    }

    fn serve(data: &Path, port: u16, settings: &Settings) -> Step {
        let mut step = Step::new(MARIADBD)
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            // A server that starts clears what it takes for its own leftovers out of this folder.
            .arg(format!("--tmpdir={}", data.parent().unwrap_or(data).display()))
            .arg(format!("--socket={}", data.join("socket").display()))
            .arg(format!("--port={port}"))
            .args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"])
            .args(["--max-connections=300", "--pid-file=mariadb.pid"]);
        if settings.is_volatile {
            step = step
                .args(["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync"])
                .args(["--skip-innodb-doublewrite"]);
        }
        for (name, value) in &settings.own {
            step = step.arg(format!("--{}={value}", name.replace('_', "-")));
        }
        step
    }

    fn url(port: u16) -> String {
        format!("mysql://root@127.0.0.1:{port}/mysql")
    }
}

impl Databases for MariaDbService {
    async fn create(url: &str, name: &str) -> Result<(), Failure> {
        Ok(run(url, format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await?)
    }

    async fn remove(url: &str, name: &str) -> Result<(), Failure> {
        Ok(run(url, format!("DROP DATABASE IF EXISTS {name}")).await?)
    }

    async fn cut(url: &str) -> Result<(), Failure> {
        let mut connection = MySqlConnection::connect(url).await?;
        let ids = "SELECT CAST(id AS UNSIGNED) FROM information_schema.processlist \
                   WHERE id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler')";
        let ids: Vec<u64> = sqlx::query_scalar(ids).fetch_all(&mut connection).await?;
        for id in ids {
            match connection.execute(AssertSqlSafe(format!("KILL CONNECTION {id}"))).await {
                // It may have gone by itself.
                Ok(_) | Err(sqlx::Error::Database(_)) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Ok(connection.close().await?)
    }

    async fn answers(url: &str) -> Result<(), Failure> {
        Ok(run(url, "SELECT 1".to_owned()).await?)
    }
}

async fn run(url: &str, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = MySqlConnection::connect(url).await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    connection.close().await
}

const MARIADBD: Program = Program { name: "mariadbd", package: "mariadb-server-core" };
const INSTALL: Program = Program { name: "mariadb-install-db", package: "mariadb-server-core" };
