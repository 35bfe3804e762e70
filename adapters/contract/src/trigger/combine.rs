//! The stored forms of combinations, and of triggers that programs bring along.

use mainspring_core::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{TriggerForm, optional, text};

/// Whenever one of several triggers fires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnyForm {
    /// The triggers.
    pub of: Vec<TriggerForm>,
    /// The first instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// The last instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

impl AnyForm {
    /// Whenever one of these fires, without bounds.
    pub const fn new(of: Vec<TriggerForm>) -> Self {
        Self { of, start: None, end: None }
    }
}

/// When several triggers fire together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllForm {
    /// The triggers.
    pub of: Vec<TriggerForm>,
    /// How far apart their fires may be.
    #[serde(default = "second", with = "text", skip_serializing_if = "is_second")]
    pub threshold: Span,
    /// The first instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// The last instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

impl AllForm {
    /// Triggers within a second of each other, which is what APScheduler does too; no bounds.
    pub const fn new(of: Vec<TriggerForm>) -> Self {
        Self { of, threshold: second(), start: None, end: None }
    }
}

/// A trigger that a program brings along under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomForm {
    /// What the program calls this kind of trigger.
    pub name: String,
    /// What this one is to do: any JSON.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub arguments: Value,
}

const fn second() -> Span {
    Span::from_secs(1)
}

fn is_second(span: &Span) -> bool {
    *span == second()
}
