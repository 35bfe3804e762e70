//! How the tables of a database become those of this program.
//!
//! Migrations only go forward. Each is noted in a table of our own together with the oldest schema
//! version whose programs can still use the database afterwards, so that nodes can be updated one
//! by one, and a program that is too old says so instead of guessing.

use mainspring_contract::{StoreError, StoreErrorKind};

/// One step from a schema version to the next.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// What the step is about.
    pub name: &'static str,
    /// The oldest schema version whose programs can use the database after this step.
    pub min_program: i64,
    /// The step.
    pub sql: &'static str,
}

/// What the database's own list of migrations says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its schema version: the largest that was noted, or 0.
    pub version: i64,
    /// The oldest program that can use it: the largest number that was noted, or 0.
    pub min_program: i64,
}

/// A program's migrations, the first of which makes version 1.
#[derive(Clone, Copy, Debug)]
pub struct Migrations(pub &'static [Migration]);

impl Migrations {
    /// The schema version of this program.
    pub fn program(self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }

    /// The steps that are owed, with the version that each of them makes.
    ///
    /// # Errors
    /// [`Incompatible`](StoreErrorKind::Incompatible), if the database called `name` is too new for
    /// this program. A newer one that still suits this program owes nothing.
    pub fn plan(
        self,
        applied: Applied,
        name: &str,
    ) -> Result<impl Iterator<Item = (i64, &'static Migration)>, StoreError> {
        let program = self.program();
        let Applied { version, min_program } = applied;
        if min_program > program {
            return Err(StoreError::new(
                StoreErrorKind::Incompatible,
                format!(
                    "`{name}` has schema version {version}, which needs a program of schema \
                     version {min_program} or later; this program has {program} (update this \
                     program, or name another database)"
                ),
            ));
        }
        let from = usize::try_from(version.clamp(0, program)).unwrap_or(0);
        Ok((1..).zip(self.0).skip(from))
    }

    /// Whether a program that may not change tables can use the database.
    ///
    /// # Errors
    /// As [`plan`](Self::plan), and if a step is owed.
    pub fn check(self, applied: Applied, name: &str) -> Result<(), StoreError> {
        match self.plan(applied, name)?.next() {
            None => Ok(()),
            Some((version, migration)) => Err(StoreError::new(
                StoreErrorKind::Incompatible,
                format!(
                    "`{name}` has schema version {}, and this program needs {} (apply the \
                     migrations from {version}, `{}`, on, or let this program do it)",
                    applied.version,
                    self.program(),
                    migration.name,
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Migrations = Migrations(&[
        Migration { name: "initial", min_program: 1, sql: "" },
        Migration { name: "more", min_program: 1, sql: "" },
    ]);

    fn owed(version: i64, min_program: i64) -> Result<Vec<i64>, StoreErrorKind> {
        let applied = Applied { version, min_program };
        let steps = TWO.plan(applied, "x").map_err(|error| error.kind())?;
        let owed: Vec<i64> = steps.map(|(version, _)| version).collect();
        assert_eq!(TWO.check(applied, "x").is_ok(), owed.is_empty());
        Ok(owed)
    }

    #[test]
    fn what_is_missing_is_owed_and_what_is_too_new_is_refused() {
        assert_eq!(owed(0, 0), Ok(vec![1, 2]));
        assert_eq!(owed(1, 1), Ok(vec![2]));
        assert_eq!(owed(2, 1), Ok(vec![]));
        assert_eq!(owed(3, 2), Ok(vec![]));
        assert_eq!(owed(3, 3), Err(StoreErrorKind::Incompatible));
    }
}
