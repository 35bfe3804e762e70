//! Which store is meant, and how to look into it without a daemon.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use mainspring_sqlite::SqliteStore;

use crate::config::{Config, Host, Loaded, StorePlace};
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
    match text.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => {
            Ok((StorePlace::Sqlite(path.strip_prefix("//").unwrap_or(path).into()), None))
        }
        Some(("memory", "")) => Ok((StorePlace::Memory, None)),
        _ => {
            output::complain(&format!("unknown store `{text}` (write `sqlite:PATH`)"));
            Err(ExitCode::from(BAD_INPUT))
        }
    }
}

/// Opens a store that is there.
///
/// # Errors
/// If it cannot be seen from outside its daemon, is not there yet, or cannot be opened.
pub(crate) async fn open(place: &StorePlace) -> Result<SqliteStore, String> {
    let StorePlace::Sqlite(path) = place else {
        return Err("a `memory:` store can be seen by its own daemon only (read its log, or \
                    write `store = \"sqlite:PATH\"`)"
            .to_owned());
    };
    // Looking must not make a database where there is none.
    if !path.exists() {
        let path = path.display();
        return Err(format!("there is no database `{path}` yet (start `mainspring serve` first)"));
    }
    SqliteStore::open(path).await.map_err(|error| error.to_string())
}
