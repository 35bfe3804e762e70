//! Which store is meant, and how it is opened.

use core::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mainspring::{Builder, Scheduler};
use mainspring_contract::StoreError;
use mainspring_memory::MemoryStore;
use mainspring_sqlite::SqliteStore;

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
    StorePlace::parse(text, Path::new("")).map(|place| (place, None)).map_err(|way_out| {
        output::complain(&format!("unknown store `{text}`: {way_out}"));
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
}

impl StorePlace {
    /// Reads the URL of a store; a relative path starts at `base`.
    ///
    /// # Errors
    /// What to write instead.
    pub(crate) fn parse(text: &str, base: &Path) -> Result<Self, &'static str> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() => {
                // Both `sqlite:x.db` and the URL form `sqlite:///x.db` are in use.
                Ok(Self::Sqlite(base.join(path.strip_prefix("//").unwrap_or(path))))
            }
            _ => Err("write \"sqlite:PATH\" or \"memory:\""),
        }
    }

    /// Begins to describe a scheduler on this store, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(crate) async fn open(&self) -> Result<Builder, String> {
        let told = |error: StoreError| error.to_string();
        Ok(match self {
            Self::Memory => Scheduler::builder(MemoryStore::default()),
            Self::Sqlite(path) => Scheduler::builder(SqliteStore::open(path).await.map_err(told)?),
        })
    }

    /// Makes a client of a store that is there.
    ///
    /// # Errors
    /// If it cannot be seen from outside its daemon, is not there yet, or cannot be opened.
    pub(crate) async fn client(&self) -> Result<Scheduler, String> {
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
            Self::Sqlite(_) => {}
        }
        self.open().await?.build().await.map_err(|error| error.to_string())
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}
