//! Documents as rows: fields have the names of columns, and what is NULL there is left out here.
//!
//! Each document says in `v` what shape it has, and counts in `lk` how often a transaction locked
//! it. A number is a 32-bit one where it fits, an id is a UUID, bytes are binary data: nothing is
//! turned into text.

use core::cell::Cell;

use mainspring_contract::JobId;
use mainspring_sql::column::{Cells, Columns, Read, Unreadable};
use mongodb::bson::raw::CStr;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, RawBinaryRef, RawBsonRef, RawDocument, RawDocumentBuf, cstr};

use crate::collections::VERSION;

/// A document that is read as a row.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    fields: Vec<(&'a str, RawBsonRef<'a>)>,
    /// Where the last field was found: they are asked for in the order in which they lie.
    at: Cell<usize>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(document: &'a RawDocument) -> Self {
        // What follows a damaged field is not there.
        let fields = document.iter().map_while(Result::ok);
        Self {
            fields: fields.map(|(name, value)| (name.as_str(), value)).collect(),
            at: Cell::new(0),
        }
    }

    /// The value of a column; `None` if it is NULL.
    pub(crate) fn value(&self, column: &str) -> Option<RawBsonRef<'a>> {
        let name = match column {
            "id" | "seq" => "_id",
            other => other,
        };
        let (before, after) = self.fields.split_at(self.at.get());
        let found = after.iter().zip(self.at.get()..).chain(before.iter().zip(0..));
        let mut found = found.filter(|((field, _), _)| *field == name);
        let ((_, value), at) = found.next()?;
        self.at.set(at);
        (*value != RawBsonRef::Null).then_some(*value)
    }

    /// Refuses a document of a shape that this program does not know.
    pub(crate) fn of_known_shape(&self) -> Read<()> {
        match self.int("v")? {
            Some(version) if version > i64::from(VERSION) => Err(Unreadable(format!(
                "document version {version} is newer than {VERSION}, the newest that this program \
                 reads (update this program)"
            ))),
            _ => Ok(()),
        }
    }

    /// The document's name, whatever it is.
    pub(crate) fn raw_id(&self) -> Bson {
        let id = self.value("id").and_then(|id| Bson::try_from(id).ok());
        id.unwrap_or(Bson::Null)
    }

    fn odd<T>(column: &str, value: RawBsonRef<'_>, wanted: &str) -> Read<T> {
        let why = format!("it holds a value of type {:?}, not {wanted}", value.element_type());
        Err(Unreadable::column(column, &why))
    }
}

impl Columns for Row<'_> {
    fn int(&self, column: &str) -> Read<Option<i64>> {
        match self.value(column) {
            None => Ok(None),
            Some(RawBsonRef::Int32(number)) => Ok(Some(i64::from(number))),
            Some(RawBsonRef::Int64(number)) => Ok(Some(number)),
            Some(other) => Self::odd(column, other, "a whole number"),
        }
    }

    fn flag(&self, column: &str) -> Read<Option<bool>> {
        match self.value(column) {
            None => Ok(None),
            Some(RawBsonRef::Boolean(flag)) => Ok(Some(flag)),
            Some(other) => Self::odd(column, other, "a truth value"),
        }
    }

    fn text(&self, column: &str) -> Read<Option<&str>> {
        match self.value(column) {
            None => Ok(None),
            Some(RawBsonRef::String(text)) => Ok(Some(text)),
            Some(other) => Self::odd(column, other, "a text"),
        }
    }

    fn bytes(&self, column: &str) -> Read<Option<&[u8]>> {
        match self.value(column) {
            None => Ok(None),
            Some(RawBsonRef::Binary(binary)) => Ok(Some(binary.bytes)),
            Some(other) => Self::odd(column, other, "bytes"),
        }
    }

    fn id(&self, column: &str) -> Read<Option<JobId>> {
        let Some(bytes) = self.bytes(column)? else { return Ok(None) };
        let id = bytes.try_into().map_err(|_| {
            let why = format!("{} bytes are not the 16 of a UUID", bytes.len());
            Unreadable::column(column, &why)
        })?;
        Ok(Some(JobId::from_bytes(id)))
    }

    fn lossy(&self, column: &str) -> String {
        match self.value(column) {
            None => String::new(),
            Some(RawBsonRef::String(text)) => text.to_owned(),
            Some(other) => format!("{other:?}"),
        }
    }
}

/// A row that is written as a document: values get the names of a list, in its order.
#[derive(Debug)]
pub(crate) struct Fields {
    names: core::slice::Iter<'static, &'static CStr>,
    document: RawDocumentBuf,
}

impl Fields {
    /// A document of the newest shape, with these fields.
    pub(crate) fn new(names: &'static [&'static CStr]) -> Self {
        Self { names: names.iter(), document: RawDocumentBuf::new() }
    }

    /// The document, with the fields that all of them have.
    pub(crate) fn done(mut self) -> RawDocumentBuf {
        debug_assert!(self.names.len() == 0, "a value for each name");
        self.document.append(cstr!("v"), VERSION);
        self.document.append(cstr!("lk"), 0_i64);
        self.document
    }

    /// Adds a field that is no column of the list.
    pub(crate) fn also(&mut self, name: &'static CStr, number: Option<i64>) {
        if let Some(number) = number {
            self.number(name, number);
        }
    }

    fn name(&mut self) -> &'static CStr {
        let name = self.names.next();
        debug_assert!(name.is_some(), "a name for each value");
        name.copied().unwrap_or(cstr!("_"))
    }

    fn number(&mut self, name: &'static CStr, number: i64) {
        match i32::try_from(number) {
            Ok(number) => self.document.append(name, number),
            Err(_) => self.document.append(name, number),
        }
    }
}

impl Cells for Fields {
    fn int(&mut self, value: Option<i64>) {
        let name = self.name();
        self.also(name, value);
    }

    fn flag(&mut self, value: bool) {
        let name = self.name();
        self.document.append(name, value);
    }

    fn text(&mut self, value: Option<&str>) {
        let name = self.name();
        if let Some(text) = value {
            self.document.append(name, text);
        }
    }

    fn prose(&mut self, value: Option<&str>) {
        self.text(value);
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        let name = self.name();
        if let Some(bytes) = value {
            let subtype = BinarySubtype::Generic;
            self.document.append(name, RawBinaryRef { subtype, bytes });
        }
    }

    fn id(&mut self, value: JobId) {
        let name = self.name();
        let subtype = BinarySubtype::Uuid;
        self.document.append(name, RawBinaryRef { subtype, bytes: value.as_bytes() });
    }
}

/// The name of a job as a value.
pub(crate) fn job_id(id: &JobId) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes: id.as_bytes().to_vec() })
}

/// The names of jobs as a list.
pub(crate) fn job_ids<'a>(ids: impl IntoIterator<Item = &'a JobId>) -> Bson {
    Bson::Array(ids.into_iter().map(job_id).collect())
}

/// Texts as a list.
pub(crate) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Bson {
    Bson::Array(texts.into_iter().map(Bson::from).collect())
}

/// Names of fields.
macro_rules! names {
    ($($name:literal),* $(,)?) => { [$(cstr!($name)),*] };
}

/// The fields of a task, in the order of [`mainspring_sql::write::task`].
pub(crate) const TASK: &[&CStr] = &names![
    "_id",
    "version",
    "max_running",
    "priority",
    "timeout_us",
    "retry_max",
    "backoff_kind",
    "backoff_first_us",
    "backoff_max_us",
    "retry_jitter",
    "max_rescues",
    "tags",
];

/// The fields of a node, in the order of [`mainspring_sql::write::node`], and when it was noted.
pub(crate) const NODE: &[&CStr] = &names![
    "_id",
    "role",
    "tags",
    "tasks",
    "program",
    "started_at_us",
    "clock_offset_us",
    "beat_at_us",
];

/// The fields of a schedule, in the order of [`mainspring_sql::write::schedule`].
pub(crate) const SCHEDULE: &[&CStr] = &names![
    "_id",
    "task",
    "source",
    "trigger_format",
    "trigger_version",
    "trigger_bytes",
    "payload_format",
    "payload_version",
    "payload_bytes",
    "exclude_format",
    "exclude_version",
    "exclude_bytes",
    "coalesce",
    "misfire_grace_us",
    "catch_up",
    "jitter_us",
    "jitter_spread",
    "slack_us",
    "overlap",
    "fire_limit",
    "after_run_us",
    "max_failures",
    "priority",
    "timeout_us",
    "retry_max",
    "backoff_kind",
    "backoff_first_us",
    "backoff_max_us",
    "retry_jitter",
    "max_rescues",
    "tags",
    "paused",
    "revision",
    "next_kind",
    "next_at_us",
    "last_fire_at_us",
    "fired",
    "failures",
    "pause_reason",
    "pause_since_us",
];

/// The fields of a job that was never claimed, in the order of [`mainspring_sql::write::job`].
pub(crate) const JOB: &[&CStr] = &names![
    "_id",
    "task",
    "schedule",
    "origin",
    "fire_at_us",
    "payload_format",
    "payload_version",
    "payload_bytes",
    "priority",
    "timeout_us",
    "retry_max",
    "backoff_kind",
    "backoff_first_us",
    "backoff_max_us",
    "retry_jitter",
    "max_rescues",
    "tags",
    "unique_key",
    "hold_kind",
    "hold_us",
    "watched",
    "start_by_us",
    "created_at_us",
    "ready_at_us",
    "state",
    "failures",
    "rescues",
    "token",
    "cancel",
];

/// The fields of a record of an attempt, its number first, then in the order of
/// [`mainspring_sql::write::run`].
pub(crate) const RUN: &[&CStr] = &names![
    "_id",
    "job",
    "token",
    "attempt",
    "task",
    "schedule",
    "origin",
    "fire_at_us",
    "node",
    "settled",
    "outcome",
    "started_at_us",
    "finished_at_us",
    "output_format",
    "output_version",
    "output_bytes",
    "error",
    "noted_at_us",
];

/// The fields of a record of skipped fires, its number first, then in the order of
/// [`mainspring_sql::write::skip`].
pub(crate) const SKIP: &[&CStr] =
    &names!["_id", "schedule", "reason", "from_us", "to_us", "count", "at_least", "noted_at_us",];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_and_odd_ones_are_named() {
        const NAMES: &[&CStr] = &names!["a.b", "none", "text", "bytes", "_id", "flag"];
        let id = JobId::from_bytes([7; 16]);
        let mut fields = Fields::new(NAMES);
        fields.int(Some(i64::MIN));
        fields.int(None);
        fields.prose(Some("$a.b\0ü"));
        fields.bytes(Some(&[0, 255]));
        fields.id(id);
        fields.flag(true);
        let document = fields.done();
        let row = Row::new(&document);
        assert_eq!(row.id("id"), Ok(Some(id)));
        assert_eq!(row.int("a.b"), Ok(Some(i64::MIN)));
        assert_eq!(row.int("none"), Ok(None));
        assert_eq!(row.text("text"), Ok(Some("$a.b\0ü")));
        assert_eq!(row.bytes("bytes"), Ok(Some(&[0, 255][..])));
        assert_eq!(row.flag("flag"), Ok(Some(true)));
        let why = row.text("flag").expect_err("a truth value is no text").to_string();
        assert!(why.contains("`flag`") && why.contains("Boolean"), "{why}");
        assert_eq!(row.of_known_shape(), Ok(()));
    }

    #[test]
    fn a_document_of_a_later_shape_is_not_guessed_at() {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("v"), VERSION + 1);
        let why = Row::new(&document).of_known_shape().expect_err("it is newer");
        assert!(why.to_string().contains("update this program"), "{why}");
    }
}
