//! Columns: how they are read, how they are written, and the codes of those that stand for words.

use core::fmt;

use mainspring_contract::JobId;
use mainspring_contract::record::JobState;
use mainspring_contract::store::Place;

/// Why a row cannot be read, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Unreadable {
    /// Something is wrong with the value of this column.
    pub fn column(column: &str, why: &dyn fmt::Display) -> Self {
        Self(format!("column `{column}`: {why}"))
    }
}

/// What becomes of a column, or of a row.
pub type Read<T> = Result<T, Unreadable>;

/// A row, column by column. `None` is NULL; a value of another type is [`Unreadable`].
pub trait Columns {
    /// A whole number.
    fn int(&self, column: &str) -> Read<Option<i64>>;
    /// A truth value.
    fn flag(&self, column: &str) -> Read<Option<bool>>;
    /// A text.
    fn text(&self, column: &str) -> Read<Option<&str>>;
    /// Bytes.
    fn bytes(&self, column: &str) -> Read<Option<&[u8]>>;
    /// The name of a job.
    fn id(&self, column: &str) -> Read<Option<JobId>>;
    /// The column as text, whatever it holds.
    fn lossy(&self, column: &str) -> String;
}

/// Takes values in the order of columns: one row of what is bound to a statement.
pub trait Cells {
    /// A whole number.
    fn int(&mut self, value: Option<i64>);
    /// A truth value.
    fn flag(&mut self, value: bool);
    /// A short text without control characters, such as a name.
    fn text(&mut self, value: Option<&str>);
    /// A text of any length with whatever is in it.
    fn prose(&mut self, value: Option<&str>);
    /// Bytes.
    fn bytes(&mut self, value: Option<&[u8]>);
    /// The name of a job.
    fn id(&mut self, value: JobId);
}

/// The number of a place in the column `state`.
pub const fn place_code(place: Place) -> i64 {
    match place {
        Place::Waiting => 0,
        Place::Leased => 1,
        Place::Held => 2,
    }
}

/// The place with this number in the column `state`.
pub const fn place(code: i64) -> Option<Place> {
    match code {
        0 => Some(Place::Waiting),
        1 => Some(Place::Leased),
        2 => Some(Place::Held),
        _ => None,
    }
}

/// The number of a state in which a job has a row.
pub fn state_code(state: &JobState) -> Option<i64> {
    Place::of(state).map(place_code)
}
