//! Which servers can be used.

use mainspring_contract::{StoreError, StoreErrorKind};

/// Whether a server of this version can be used: it leaves out what others have locked, takes JSON
/// texts apart and keeps to checks.
pub(crate) fn check(version: &str, name: &str) -> Result<(), StoreError> {
    let (kind, oldest) = if version.to_ascii_lowercase().contains("mariadb") {
        ("MariaDB", MARIADB)
    } else {
        ("MySQL", MYSQL)
    };
    if numbers(version) >= oldest {
        return Ok(());
    }
    let [major, minor, patch] = oldest;
    let message = format!(
        "`{name}` is served by {kind} {version}, which is too old (update it to \
         {major}.{minor}.{patch} or later)"
    );
    Err(StoreError::new(StoreErrorKind::Incompatible, message))
}

/// The first three numbers of a version.
fn numbers(version: &str) -> [u32; 3] {
    let mut numbers = [0; 3];
    let digits = version.split(|c: char| !c.is_ascii_digit());
    for (number, text) in numbers.iter_mut().zip(digits) {
        *number = text.parse().unwrap_or(0);
    }
    numbers
}

const MARIADB: [u32; 3] = [10, 6, 0];
const MYSQL: [u32; 3] = [8, 0, 16];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_lack_something_are_refused() {
        for good in
            ["10.11.6-MariaDB-0+deb12u1", "10.6.0-MariaDB", "8.0.16", "8.4.3-log", "9.7.4-2"]
        {
            assert!(check(good, "x").is_ok(), "{good}");
        }
        for bad in ["10.5.29-MariaDB", "8.0.15", "5.7.44-log", ""] {
            let error = check(bad, "x").expect_err("too old");
            assert_eq!(error.kind(), StoreErrorKind::Incompatible);
        }
    }
}
