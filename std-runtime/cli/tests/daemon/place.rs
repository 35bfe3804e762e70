//! A folder with a configuration file, and the program that is tested.

use std::fs;
use std::path::{Path, PathBuf};

use mainspring_chaos::daemon::{Daemon, End};
use mainspring_chaos::history::Visit;
use mainspring_chaos::rows::tamper;
use tempfile::TempDir;

/// The program that is tested.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mainspring"))
}

/// A folder of its own for one test, with a configuration file in it.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// With this configuration file, whose store is `jobs.db` beside it.
    pub(crate) fn with(config: &str) -> Self {
        let place = Self::new();
        place.write(config);
        place
    }

    /// Writes the configuration file; its store is `jobs.db` beside it.
    pub(crate) fn write(&self, config: &str) {
        self.write_raw(&format!("store = \"sqlite:jobs.db\"\n{config}"));
    }

    /// Writes the configuration file as it is.
    pub(crate) fn write_raw(&self, config: &str) {
        fs::write(self.file(), config).expect("the folder can be written");
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path().join("mainspring.toml")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("jobs.db")
    }

    /// A daemon that serves the file.
    pub(crate) fn serve(&self) -> Daemon {
        Daemon::serve(program(), &self.file())
    }

    /// A daemon that should refuse to.
    pub(crate) fn refuse(&self) -> End {
        let file = self.file().into_os_string();
        Daemon::start(program(), &["serve".into(), file, "--node".into(), "chaos".into()]).ended()
    }

    /// Changes rows of the database behind everybody's back.
    pub(crate) fn sql(&self, sql: &str) {
        tamper(&self.database(), sql);
    }

    pub(crate) fn visit(&self) -> Visit {
        Visit::new(&self.database())
    }
}
