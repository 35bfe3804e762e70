//! Names: short texts that people choose.

use core::fmt;
use std::sync::Arc;

/// The longest name, in bytes: fits an index of every database we know.
pub const NAME_MAX: usize = 200;

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It has no characters.
    Empty,
    /// It has more than [`NAME_MAX`] bytes; this many.
    TooLong(usize),
    /// It has a control character, or a blank at an end, at this byte.
    Unprintable(usize),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name is empty (give it at least one character)"),
            Self::TooLong(bytes) => {
                write!(f, "a name has {bytes} bytes (at most {NAME_MAX} are possible)")
            }
            Self::Unprintable(at) => write!(
                f,
                "a name has a control character or an outer blank at byte {at} (remove it)"
            ),
        }
    }
}

impl core::error::Error for NameError {}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > NAME_MAX {
        return Err(NameError::TooLong(text.len()));
    }
    if let Some((at, _)) = text.char_indices().find(|(_, c)| c.is_control()) {
        return Err(NameError::Unprintable(at));
    }
    if text.starts_with(char::is_whitespace) {
        return Err(NameError::Unprintable(0));
    }
    if text.ends_with(char::is_whitespace) {
        return Err(NameError::Unprintable(text.len() - 1));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 1 to [`NAME_MAX`] bytes of UTF-8 without control characters and outer blanks.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text and makes it a name.
            ///
            /// # Errors
            /// [`NameError`] says what is wrong with the text.
            pub fn new(text: impl Into<Arc<str>>) -> Result<Self, NameError> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl core::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;
            fn try_from(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }
    };
}

name! {
    /// Names a schedule.
    ScheduleId
}
name! {
    /// Names a task.
    TaskId
}
name! {
    /// Names a node: one process that plans, works or both.
    NodeId
}
name! {
    /// The program that a node runs, and its version, in the program's own words.
    Program
}
name! {
    /// Says where a schedule was written down: in code, in a file, by a person.
    Source
}
name! {
    /// What a job stands for: of the jobs of one task with the same key, only one is queued at a
    /// time.
    Key
}
name! {
    /// Something that a worker must offer to run a job: a region, a device, a licence.
    Tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_name_is_refused_with_the_place() {
        assert_eq!(TaskId::new(""), Err(NameError::Empty));
        assert_eq!(TaskId::new("a\nb"), Err(NameError::Unprintable(1)));
        assert_eq!(TaskId::new(" a"), Err(NameError::Unprintable(0)));
        assert_eq!(TaskId::new("ab "), Err(NameError::Unprintable(2)));
        assert_eq!(TaskId::new("x".repeat(201)), Err(NameError::TooLong(201)));
        assert_eq!(TaskId::new("grüße 1").map(|name| name.to_string()), Ok("grüße 1".into()));
    }
}
