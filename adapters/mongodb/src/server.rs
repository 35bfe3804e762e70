//! Which servers can be used.

use mainspring_contract::tables::Done;
use mainspring_contract::{StoreError, StoreErrorKind};
use mongodb::Database;
use mongodb::bson::doc;

use crate::error;

/// Whether the server can be used: it is new enough, and has transactions.
pub(crate) async fn check(database: &Database, name: &str) -> Done<()> {
    let failed = |why| error::of_statement(name, why);
    let build = database.run_command(doc! { "buildInfo": 1 }).await.map_err(failed)?;
    is_new_enough(build.get_str("version").unwrap_or_default(), name)?;
    let hello = database.run_command(doc! { "hello": 1 }).await.map_err(failed)?;
    let has_transactions =
        hello.contains_key("setName") || hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid");
    if has_transactions {
        Ok(())
    } else {
        Err(StoreError::new(StoreErrorKind::Incompatible, standalone(name)))
    }
}

/// What to do about a server without transactions.
pub(crate) fn standalone(name: &str) -> String {
    format!(
        "`{name}` is a standalone server, which has no transactions (make it a replica set of one: \
         start mongod with --replSet rs0, and run rs.initiate() once in mongosh)"
    )
}

fn is_new_enough(version: &str, name: &str) -> Done<()> {
    if numbers(version) >= OLDEST {
        return Ok(());
    }
    let [major, minor] = OLDEST;
    let message = format!(
        "`{name}` is served by MongoDB {version}, which is too old (update it to {major}.{minor} \
         or later)"
    );
    Err(StoreError::new(StoreErrorKind::Incompatible, message))
}

/// The first two numbers of a version.
fn numbers(version: &str) -> [u32; 2] {
    let mut numbers = [0; 2];
    for (number, text) in numbers.iter_mut().zip(version.split('.')) {
        *number = text.parse().unwrap_or(0);
    }
    numbers
}

/// A join may name both a field and a pipeline since 5.0, and commits wait for the majority.
const OLDEST: [u32; 2] = [5, 0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_lack_something_are_refused() {
        for good in ["5.0.0", "6.0.5", "8.0.4-rc1", "10.1.0"] {
            assert!(is_new_enough(good, "x").is_ok(), "{good}");
        }
        for bad in ["4.4.29", "3.6.0", ""] {
            let error = is_new_enough(bad, "x").expect_err("too old");
            assert_eq!(error.kind(), StoreErrorKind::Incompatible);
            assert!(error.to_string().contains("5.0"), "{error}");
        }
    }
}
