//! PostgreSQL.

use std::path::Path;

use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::database::{Databases, Failure};
use crate::program::Program;
use crate::server::{Server, Service, Step};
use crate::settings::Settings;
use crate::shared::Shared;

/// A PostgreSQL server of our own.
pub type Postgres = Server<PostgresService>;

/// The PostgreSQL server that all tests of a run share.
pub type SharedPostgres = Shared<PostgresService>;

/// What is particular to PostgreSQL.
#[derive(Debug)]
pub struct PostgresService;

impl Service for PostgresService {
    const NAME: &'static str = "postgres";
    const VARIABLE: &'static str = "MAINSPRING_POSTGRES_URL";
    const READY: &'static str = "database system is ready to accept connections";
    const PORT_TAKEN: &'static str = "Address already in use";
    // A fast shutdown: transactions are rolled back.
    const STOP: Signal = Signal::INT;
    const ACCOUNT: &'static str = "postgres";

    fn prepare(data: &Path) -> Vec<Step> {
        let data = data.to_string_lossy();
        // Who can reach the port may do everything, as long as the server lives.
        let step = Step::new(INITDB)
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale"])
            .args(["--no-sync", "-D"])
            .arg(data);
        vec![step]
    }

    fn serve(data: &Path, port: u16, settings: &Settings) -> Step {
        let mut step = Step::new(POSTGRES).arg("-D").arg(data.to_string_lossy());
        let mut set = vec![
            ("port", port.to_string()),
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("unix_socket_directories", String::new()),
            ("max_connections", "300".to_owned()),
            // What a killed server leaves in a file goes with its folder.
            ("dynamic_shared_memory_type", "mmap".to_owned()),
        ];
        if settings.is_volatile {
            set.extend(["fsync", "full_page_writes"].map(|name| (name, "off".to_owned())));
        }
        let own = settings.own.iter().map(|(name, value)| (name.as_str(), value.clone()));
        for (name, value) in set.into_iter().chain(own) {
            step = step.arg("-c").arg(format!("{name}={value}"));
        }
        step
    }

    fn url(port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }
}

impl Databases for PostgresService {
    async fn create(url: &str, name: &str) -> Result<(), Failure> {
        // Nobody can be connected to `template0`, and so nobody is in the way.
        Ok(run(url, format!("CREATE DATABASE {name} TEMPLATE template0")).await?)
    }

    async fn remove(url: &str, name: &str) -> Result<(), Failure> {
        Ok(run(url, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?)
    }

    async fn cut(url: &str) -> Result<(), Failure> {
        let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        Ok(run(url, all.to_owned()).await?)
    }

    async fn answers(url: &str) -> Result<(), Failure> {
        Ok(run(url, "SELECT 1".to_owned()).await?)
    }
}

async fn run(url: &str, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    connection.close().await
}

const POSTGRES: Program = Program { name: "postgres", package: "postgresql" };
const INITDB: Program = Program { name: "initdb", package: "postgresql" };
