//! What the names of all tables begin with.

use core::fmt;
use std::sync::Arc;

/// What the names of all tables and indexes begin with: `mainspring_`, unless somebody needs two
/// stores in one schema or has rules for names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(Arc<str>);

/// The longest prefix, in bytes: with it, the longest name fits what databases allow (63 bytes).
pub const PREFIX_MAX: usize = 32;

impl Prefix {
    /// Checks a text.
    ///
    /// # Errors
    /// [`PrefixError`], unless it is 1 to [`PREFIX_MAX`] small letters, digits and underscores that
    /// begin with a letter. Capital letters are not possible, because databases disagree about
    /// them.
    ///
    /// ```
    /// use mainspring_sql::Prefix;
    /// let prefix = Prefix::new("app_")?;
    /// assert_eq!(prefix.render("SELECT 1 FROM mainspring_jobs"), "SELECT 1 FROM app_jobs");
    /// assert!(Prefix::new("x; DROP TABLE y").is_err());
    /// # Ok::<(), mainspring_sql::PrefixError>(())
    /// ```
    pub fn new(text: &str) -> Result<Self, PrefixError> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        if starts && text.len() <= PREFIX_MAX && text.chars().all(good) {
            Ok(Self(text.into()))
        } else {
            Err(PrefixError(text.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A statement that was written for `mainspring_` tables, for those with this prefix.
    pub fn render(&self, sql: &str) -> String {
        sql.replace(DEFAULT, &self.0)
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self(DEFAULT.into())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot be the prefix of tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixError(String);

impl fmt::Display for PrefixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no prefix for tables (write 1 to {PREFIX_MAX} of a-z, 0-9 and _, a letter \
             first)",
            self.0
        )
    }
}

impl core::error::Error for PrefixError {}

const DEFAULT: &str = "mainspring_";

/// A struct of statements, each read from a file beside the caller and rendered once for a prefix.
///
/// ```text
/// mainspring_sql::statements! {
///     job_insert = "sql/job_insert.sql",
/// }
/// let sql = Statements::new(&Prefix::default());
/// ```
#[macro_export]
macro_rules! statements {
    ($($name:ident = $file:literal,)*) => {
        /// Every statement, for one prefix of tables.
        #[derive(Clone, Debug)]
        pub(crate) struct Statements {
            $(pub(crate) $name: std::sync::Arc<str>,)*
        }

        impl Statements {
            /// The statements for tables with this prefix.
            pub(crate) fn new(prefix: &$crate::Prefix) -> Self {
                Self { $($name: prefix.render(include_str!($file)).into(),)* }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_letters_digits_and_underscores() {
        for good in ["a", "a1_", "mainspring_", &"x".repeat(PREFIX_MAX)] {
            assert_eq!(Prefix::new(good).map(|prefix| prefix.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", "1a", "_a", "A", "a-b", "a b", "ä", "a;", &"x".repeat(PREFIX_MAX + 1)] {
            let error = Prefix::new(bad).expect_err("no prefix");
            assert!(error.to_string().contains(&format!("`{bad}`")));
        }
    }
}
