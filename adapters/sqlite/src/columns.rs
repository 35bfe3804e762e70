//! SQLite's rows, column by column.

use mainspring_contract::JobId;
use mainspring_sql::column::{Columns, Read, Unreadable};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

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
