//! Rows as one JSON text, for databases that take it apart themselves.

use core::fmt;

use mainspring_contract::JobId;
use serde_json::Value;

use crate::column::Cells;

/// Rows as a JSON list of lists, and beside it all of their bytes, one after the other.
///
/// Bytes, ids and prose are two cells each: where they start in [`bytes`](Self::bytes), counted
/// from 1 as SQL counts, and how many they are; twice NULL for none. So nothing has to be encoded,
/// and a NUL character is kept.
#[derive(Clone, Debug)]
pub struct JsonRows {
    rows: Vec<Value>,
    row: Vec<Value>,
    bytes: Vec<u8>,
}

impl JsonRows {
    /// The rows that `write` makes of these records.
    pub fn of<'a, T: 'a>(
        records: impl IntoIterator<Item = &'a T>,
        mut write: impl FnMut(&'a T, &mut Self),
    ) -> Self {
        // Never empty, because databases take no bytes at all for NULL.
        let mut rows = Self { rows: Vec::new(), row: Vec::new(), bytes: vec![0] };
        for record in records {
            write(record, &mut rows);
            rows.end_row();
        }
        rows
    }

    /// The text and the bytes.
    pub fn into_parts(self) -> (String, Vec<u8>) {
        (Value::Array(self.rows).to_string(), self.bytes)
    }

    fn end_row(&mut self) {
        self.rows.push(Value::Array(core::mem::take(&mut self.row)));
    }
}

/// The ids of jobs as a JSON list of the places where they start in the bytes beside it.
pub fn ids(ids: &[JobId]) -> (String, Vec<u8>) {
    let starts: Value = (0..ids.len()).map(|index| 16 * index + 1).collect();
    (starts.to_string(), ids.iter().flat_map(|id| *id.as_bytes()).collect())
}

/// Names as a JSON list.
pub fn names<N: fmt::Display>(names: &[N]) -> String {
    let names: Value = names.iter().map(ToString::to_string).collect();
    names.to_string()
}

impl Cells for JsonRows {
    fn int(&mut self, value: Option<i64>) {
        self.row.push(value.into());
    }

    fn flag(&mut self, value: bool) {
        self.int(Some(i64::from(value)));
    }

    fn text(&mut self, value: Option<&str>) {
        self.row.push(value.into());
    }

    fn prose(&mut self, value: Option<&str>) {
        self.bytes(value.map(str::as_bytes));
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        match value {
            Some(bytes) => {
                self.row.push((self.bytes.len() + 1).into());
                self.row.push(bytes.len().into());
                self.bytes.extend_from_slice(bytes);
            }
            None => self.row.extend([Value::Null, Value::Null]),
        }
    }

    fn id(&mut self, value: JobId) {
        self.bytes(Some(value.as_bytes()));
    }
}
