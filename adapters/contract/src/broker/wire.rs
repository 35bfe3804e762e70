//! How hints travel: JSON on one line, without control characters.
//!
//! ```text
//! {"v":1,"from":"9f86d081884c7d65","ready":["report"],"changed":true,"settled":true}
//! ```
//!
//! | field | what it holds |
//! |---|---|
//! | `v` | the version: 1 |
//! | `from` | 16 hexadecimal digits that the sender drew when it started |
//! | `ready` | names of tasks |
//! | `changed` | `true` |
//! | `cancelled`, `settled`, `awaited` | names of jobs (UUIDs) |
//! | `displaced` | names of schedules |
//! | `joined`, `gone` | names of nodes |
//!
//! A list of names may also be `true`: any of them. What is not said is left out. Readers pass over
//! fields that they do not know, so a new kind of hint needs no new version; a new version is for
//! what must not be read by old programs, which ignore it and go on without hints.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::broker::{Hints, Named};

/// The version of messages that this program writes and reads.
pub const WIRE_VERSION: u16 = 1;

/// The longest message that is read, in bytes; what is longer was written by somebody else.
pub const MESSAGE_MAX: usize = 16_384;

/// Who sent a message: drawn by chance when a sender starts, so that it knows its own echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(pub u64);

/// Hints, and who sent them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who sent them.
    pub from: Origin,
    /// What is said.
    pub hints: Hints,
}

/// Why bytes are no message for this program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unread {
    /// There are more than [`MESSAGE_MAX`]; this many.
    TooLong(usize),
    /// They were written by a program of another version; this one.
    Version(u16),
    /// They are something else; what is wrong with them.
    Malformed(String),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes) => {
                write!(f, "a message of {bytes} bytes (at most {MESSAGE_MAX} are read)")
            }
            Self::Version(version) => write!(
                f,
                "a message of version {version} (this program reads version {WIRE_VERSION}; \
                 bring all nodes up to date)"
            ),
            Self::Malformed(why) => write!(
                f,
                "a message that is none of ours: {why} (let nobody else use this channel)"
            ),
        }
    }
}

impl core::error::Error for Unread {}

impl Message {
    /// The text that says this in at most `max` bytes. What does not fit is said less exactly:
    /// names become "any", the longest lists first.
    ///
    /// ```
    /// use mainspring_contract::broker::{Hints, Message, Origin};
    /// let hints = Hints { changed: true, ..Hints::default() };
    /// let message = Message { from: Origin(1), hints };
    /// let text = message.to_text(1_000);
    /// assert_eq!(text, r#"{"v":1,"from":"0000000000000001","changed":true}"#);
    /// assert_eq!(Message::read(text.as_bytes()), Ok(message));
    /// ```
    pub fn to_text(&self, max: usize) -> String {
        let mut text = self.written();
        let mut shorter = self.clone();
        // Without any names about 200 bytes are left.
        while text.len() > max.min(MESSAGE_MAX) && shorter.hints.shorten() {
            text = shorter.written();
        }
        text
    }

    /// The message that these bytes say.
    ///
    /// # Errors
    /// [`Unread`], if they say none that this program understands.
    pub fn read(bytes: &[u8]) -> Result<Self, Unread> {
        if bytes.len() > MESSAGE_MAX {
            return Err(Unread::TooLong(bytes.len()));
        }
        let malformed = |error: serde_json::Error| Unread::Malformed(error.to_string());
        // The version first: what else a later one holds is not for us to judge.
        let Version { v: version } = serde_json::from_slice(bytes).map_err(malformed)?;
        if version != WIRE_VERSION {
            return Err(Unread::Version(version));
        }
        let fields: Fields = serde_json::from_slice(bytes).map_err(malformed)?;
        fields.message()
    }

    fn written(&self) -> String {
        let Self { from, hints } = self;
        let fields = Fields {
            v: WIRE_VERSION,
            from: format!("{:016x}", from.0),
            ready: Names::of(&hints.ready),
            changed: hints.changed,
            cancelled: Names::of(&hints.cancelled),
            displaced: Names::of(&hints.displaced),
            settled: Names::of(&hints.settled),
            awaited: Names::of(&hints.awaited),
            joined: Names::of(&hints.joined),
            gone: Names::of(&hints.gone),
        };
        serde_json::to_string(&fields).expect("texts and truth values can be written as JSON")
    }
}

#[derive(Deserialize)]
struct Version {
    v: u16,
}

#[derive(Serialize, Deserialize)]
struct Fields {
    v: u16,
    from: String,
    #[serde(default, skip_serializing_if = "Names::is_none")]
    ready: Names,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    changed: bool,
    #[serde(default, skip_serializing_if = "Names::is_none")]
    cancelled: Names,
    #[serde(default, skip_serializing_if = "Names::is_none")]
    displaced: Names,
    #[serde(default, skip_serializing_if = "Names::is_none")]
    settled: Names,
    #[serde(default, skip_serializing_if = "Names::is_none")]
    awaited: Names,
    #[serde(default, skip_serializing_if = "Names::is_none")]
    joined: Names,
    #[serde(default, skip_serializing_if = "Names::is_none")]
    gone: Names,
}

/// A list of names, or `true` for any.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Names {
    Any(bool),
    These(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::Any(false)
    }
}

impl Names {
    fn of<T: Ord + fmt::Display>(named: &Named<T>) -> Self {
        match named {
            Named::Any => Self::Any(true),
            named if named.is_empty() => Self::default(),
            named => Self::These(named.iter().map(T::to_string).collect()),
        }
    }

    fn is_none(&self) -> bool {
        matches!(self, Self::Any(false))
    }

    fn named<T: Ord + FromStr<Err: fmt::Display>>(self) -> Result<Named<T>, Unread> {
        let name = |text: String| {
            let wrong = |error| Unread::Malformed(format!("`{}`: {error}", text.escape_debug()));
            text.parse().map_err(wrong)
        };
        match self {
            Self::Any(true) => Ok(Named::Any),
            Self::Any(false) => Ok(Named::default()),
            Self::These(names) => names.into_iter().map(name).collect(),
        }
    }
}

impl Fields {
    fn message(self) -> Result<Message, Unread> {
        let from = u64::from_str_radix(&self.from, 16)
            .map_err(|error| Unread::Malformed(format!("its sender: {error}")))?;
        let hints = Hints {
            ready: self.ready.named()?,
            changed: self.changed,
            cancelled: self.cancelled.named()?,
            displaced: self.displaced.named()?,
            settled: self.settled.named()?,
            awaited: self.awaited.named()?,
            joined: self.joined.named()?,
            gone: self.gone.named()?,
        };
        Ok(Message { from: Origin(from), hints })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JobId, NodeId, ScheduleId, TaskId};

    fn message(hints: Hints) -> Message {
        Message { from: Origin(u64::MAX), hints }
    }

    #[test]
    fn every_kind_of_hint_is_read_back_as_it_was_said() {
        let task = |name: &str| TaskId::new(name).expect("a name");
        let jobs = || (0..3).map(|n| JobId::from_bytes([n; 16])).collect::<Named<_>>();
        let node = |name| Named::from(NodeId::new(name).expect("a name"));
        let schedule = ScheduleId::new("früh\u{2028} \"nachts\" \\n").expect("a name");
        let some = Hints {
            ready: [task("a"), task("%s'; --"), task("火")].into_iter().collect(),
            changed: true,
            cancelled: jobs(),
            displaced: schedule.into(),
            settled: jobs(),
            awaited: jobs(),
            joined: node("here"),
            gone: node("there"),
        };
        let any = Hints {
            ready: Named::Any,
            changed: false,
            cancelled: Named::Any,
            displaced: Named::Any,
            settled: Named::Any,
            awaited: Named::Any,
            joined: Named::Any,
            gone: Named::Any,
        };
        for hints in [some, any, Hints::default()] {
            let text = message(hints.clone()).to_text(MESSAGE_MAX);
            assert_eq!(Message::read(text.as_bytes()), Ok(message(hints)));
            assert!(!text.contains(char::is_control), "{text}");
        }
    }

    #[test]
    fn what_is_too_long_is_said_less_exactly() {
        let long = (0..150).map(|n| TaskId::new(format!("{n:0>200}")).expect("a name")).collect();
        let gone = Named::from(NodeId::new("n").expect("a name"));
        let hints = Hints { ready: long, changed: true, gone, ..Hints::default() };
        let text = message(hints.clone()).to_text(1_000);
        assert!(text.len() <= 1_000);
        let read = Message::read(text.as_bytes()).expect("it is one of ours");
        assert_eq!(read.hints, Hints { ready: Named::Any, ..hints });
        let everything = Hints { gone: Named::Any, ..read.hints };
        assert_eq!(message(everything.clone()).to_text(0), message(everything).to_text(1_000));
    }

    #[test]
    fn what_is_none_of_ours_is_refused_with_the_reason() {
        let long = vec![b' '; MESSAGE_MAX + 1];
        assert_eq!(Message::read(&long), Err(Unread::TooLong(MESSAGE_MAX + 1)));
        let other = br#"{"v":2,"from":["what","ever"]}"#;
        assert_eq!(Message::read(other), Err(Unread::Version(2)));
        let bad: [&[u8]; 8] = [
            b"",
            b"hello",
            b"\xff\xfe",
            b"[1]",
            br#"{"from":"0"}"#,
            br#"{"v":1,"from":"nobody"}"#,
            br#"{"v":1,"from":"0","ready":["a\n"]}"#,
            br#"{"v":1,"from":"0","settled":["job"]}"#,
        ];
        for bytes in bad {
            let read = Message::read(bytes);
            assert!(matches!(read, Err(Unread::Malformed(_))), "{read:?}");
        }
    }

    #[test]
    fn fields_of_later_programs_are_passed_over() {
        let text = br#"{"v":1,"from":"a","changed":true,"weather":"fine"}"#;
        let hints = Hints { changed: true, ..Hints::default() };
        assert_eq!(Message::read(text), Ok(Message { from: Origin(10), hints }));
    }
}
