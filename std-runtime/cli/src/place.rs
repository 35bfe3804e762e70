//! Which store is meant, and how it is opened.

use core::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mainspring::{Builder, Scheduler};
use mainspring_contract::StoreError;
use mainspring_memory::MemoryStore;
use mainspring_mysql::MysqlStore;
use mainspring_postgres::PostgresStore;
use mainspring_sqlite::SqliteStore;

use crate::broker::BrokerPlace;
use crate::config::{Config, Host, Loaded};
use crate::{BAD_INPUT, clock, output};

/// The store of a configuration file, or the one that is named; or the exit code after telling why
/// there is none. Also the file's own words, if there is a file.
pub(crate) fn find(
    file: Option<&Path>,
    store: Option<&str>,
) -> Result<(StorePlace, Option<Config>), ExitCode> {
    if let Some(file) = file {
        let Loaded { config, problems } = Config::load(file, &Host::of_process(clock::now()));
        if config.is_none() {
            for problem in problems {
                let _ = writeln!(io::stderr().lock(), "{problem}");
            }
        }
        let config = config.ok_or_else(|| ExitCode::from(BAD_INPUT))?;
        return Ok((config.store.clone(), Some(config)));
    }
    let text = store.unwrap_or_default();
    StorePlace::parse(text, Path::new("")).map(|place| (place, None)).map_err(|why| {
        output::complain(&format!("`--store` {why}"));
        ExitCode::from(BAD_INPUT)
    })
}

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StorePlace {
    /// In the daemon's memory; gone when it ends.
    Memory,
    /// In this SQLite database.
    Sqlite(PathBuf),
    /// In the PostgreSQL database with this URL.
    Postgres(String),
    /// In the MariaDB or MySQL database with this URL.
    Mysql(String),
}

impl StorePlace {
    /// Reads the URL of a store; a relative path starts at `base`.
    ///
    /// # Errors
    /// What it is taken for, and what to write instead. Of a URL no more than its scheme is told:
    /// the rest may hold a password.
    pub(crate) fn parse(text: &str, base: &Path) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() => {
                // Both `sqlite:x.db` and the URL form `sqlite:///x.db` are in use.
                Ok(Self::Sqlite(base.join(path.strip_prefix("//").unwrap_or(path))))
            }
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Self::Postgres(text.to_owned()))
            }
            Some(("mysql" | "mariadb", rest)) if rest.starts_with("//") => {
                // The driver knows one of the two names.
                Ok(Self::Mysql(format!("mysql:{rest}")))
            }
            parts => {
                let is = match parts {
                    Some((scheme, _)) => format!("begins with `{}:`", scheme.escape_debug()),
                    None if text.contains('@') => "is no URL".to_owned(),
                    None => format!("is `{}`", text.escape_debug()),
                };
                Err(format!(
                    "{is}, which is no store: write \"sqlite:PATH\", \
                     \"postgres://USER@HOST/DATABASE\", \"mysql://USER@HOST/DATABASE\" or \
                     \"memory:\""
                ))
            }
        }
    }

    /// Begins to describe a scheduler on this store, whose tables are made if they are not there.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(crate) async fn open(&self, broker: Option<&BrokerPlace>) -> Result<Builder, String> {
        self.open_and(true, broker).await
    }

    /// Without a broker that is named, nodes on PostgreSQL hear each other over the same database.
    async fn open_and(
        &self,
        migrate: bool,
        broker: Option<&BrokerPlace>,
    ) -> Result<Builder, String> {
        let given = |builder| match broker {
            Some(broker) => broker.give_to(builder),
            None => builder,
        };
        let told = |error: StoreError| error.to_string();
        Ok(match self {
            Self::Memory => given(Scheduler::builder(MemoryStore::default())),
            Self::Sqlite(path) => {
                given(Scheduler::builder(SqliteStore::open(path).await.map_err(told)?))
            }
            Self::Postgres(url) => {
                let mut options = mainspring_postgres::Options::new(url);
                options.migrate = migrate;
                let store = PostgresStore::open_with(&options).await.map_err(told)?;
                let own = BrokerPlace::Postgres(store.broker());
                broker.unwrap_or(&own).give_to(Scheduler::builder(store))
            }
            Self::Mysql(url) => {
                let mut options = mainspring_mysql::Options::new(url);
                options.migrate = migrate;
                let store = MysqlStore::open_with(&options).await;
                given(Scheduler::builder(store.map_err(told)?))
            }
        })
    }

    /// Makes a client of a store that is there, which only looks at it.
    ///
    /// # Errors
    /// If it cannot be seen from outside its daemon, is not there yet, or cannot be opened.
    pub(crate) async fn reader(&self) -> Result<Scheduler, String> {
        self.client(Some(&BrokerPlace::None)).await
    }

    /// Makes a client of a store that is there.
    ///
    /// # Errors
    /// As for [`reader`](Self::reader).
    pub(crate) async fn client(&self, broker: Option<&BrokerPlace>) -> Result<Scheduler, String> {
        match self {
            Self::Memory => {
                return Err("a `memory:` store can be seen by its own daemon only (read its log, \
                            or write `store = \"sqlite:PATH\"`)"
                    .to_owned());
            }
            // Looking must not make a database where there is none.
            Self::Sqlite(path) if !path.exists() => {
                let path = path.display();
                return Err(format!(
                    "there is no database `{path}` yet (start `mainspring serve` first)"
                ));
            }
            Self::Sqlite(_) | Self::Postgres(_) | Self::Mysql(_) => {}
        }
        self.open_and(false, broker).await?.build().await.map_err(|error| error.to_string())
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) | Self::Mysql(url) => f.write_str(&without_secrets(url)),
        }
    }
}

/// A URL without the password and without parameters, either of which may be a secret.
fn without_secrets(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    // A password may hold anything but a slash.
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (user, host) = host.rsplit_once('@').unwrap_or(("", host));
    let user = user.split_once(':').map_or(user, |(user, _)| user);
    let at = if user.is_empty() { "" } else { "@" };
    format!("{scheme}://{user}{at}{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_every_store_are_read() {
        let read = |text| StorePlace::parse(text, Path::new("/base"));
        assert_eq!(read("sqlite:x.db"), Ok(StorePlace::Sqlite("/base/x.db".into())));
        let postgres = "postgresql://ada@db/jobs";
        assert_eq!(read(postgres), Ok(StorePlace::Postgres(postgres.to_owned())));
        let mysql = StorePlace::Mysql("mysql://db/jobs".to_owned());
        assert_eq!(read("mariadb://db/jobs"), Ok(mysql));
        for odd in ["", "jobs.db", "sqlite:", "postgres:jobs", "oracle://db/jobs", "memory:x"] {
            let way_out = read(odd).expect_err("it names no store");
            assert!(way_out.contains("postgres://"), "{odd}: {way_out}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        for (url, shown) in [
            ("postgres://ada:s3@cr3t@db:5432/jobs?password=x", "postgres://ada@db:5432/jobs"),
            ("postgres://db/jobs", "postgres://db/jobs"),
            ("mysql://ada@db", "mysql://ada@db"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }
}
