//! SQLite's rows, column by column, and values on their way to a statement.

use mainspring_contract::JobId;
use mainspring_sql::column::{Cells, Columns, Read, Unreadable};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Decode, Encode, Row, Sqlite, Type};

/// A row.
#[derive(Clone, Copy)]
pub(crate) struct Cols<'r>(pub(crate) &'r SqliteRow);

impl<'r> Cols<'r> {
    fn get<T: Decode<'r, Sqlite> + Type<Sqlite>>(&self, column: &str) -> Read<Option<T>> {
        self.0.try_get(column).map_err(|e| match e {
            sqlx::Error::ColumnDecode { source, .. } => Unreadable::column(column, &source),
            other => Unreadable::column(column, &other),
        })
    }
}

impl Columns for Cols<'_> {
    fn int(&self, column: &str) -> Read<Option<i64>> {
        self.get(column)
    }

    fn flag(&self, column: &str) -> Read<Option<bool>> {
        self.get(column)
    }

    fn text(&self, column: &str) -> Read<Option<&str>> {
        self.get(column)
    }

    fn bytes(&self, column: &str) -> Read<Option<&[u8]>> {
        self.get(column)
    }

    fn id(&self, column: &str) -> Read<Option<JobId>> {
        let Some(bytes) = self.bytes(column)? else { return Ok(None) };
        let id = bytes.try_into().map_err(|_| {
            Unreadable(format!("column `{column}` has {} bytes, not the 16 of a UUID", bytes.len()))
        })?;
        Ok(Some(JobId::from_bytes(id)))
    }

    fn lossy(&self, column: &str) -> String {
        let bytes: Option<Vec<u8>> = self.0.try_get_unchecked(column).ok();
        bytes.map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Values in the order of a statement's question marks.
#[derive(Debug, Default)]
pub(crate) struct Values(pub(crate) SqliteArguments);

impl Values {
    fn add<'t>(&mut self, value: impl Encode<'t, Sqlite> + Type<Sqlite>) {
        let added = self.0.add(value);
        // Numbers, texts and bytes are always encoded.
        debug_assert!(added.is_ok());
    }
}

impl Cells for Values {
    fn int(&mut self, value: Option<i64>) {
        self.add(value);
    }

    fn flag(&mut self, value: bool) {
        self.add(value);
    }

    fn text(&mut self, value: Option<&str>) {
        self.add(value.map(str::to_owned));
    }

    fn prose(&mut self, value: Option<&str>) {
        self.text(value);
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        self.add(value.map(<[u8]>::to_vec));
    }

    fn id(&mut self, value: JobId) {
        self.bytes(Some(value.as_bytes()));
    }
}
