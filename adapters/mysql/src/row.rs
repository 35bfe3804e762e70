//! Rows of MySQL and MariaDB, column by column, and values on their way to a statement.

use mainspring_contract::JobId;
use mainspring_contract::record::Run;
use mainspring_core::id::Token;
use mainspring_sql::column::{Cells, Columns, Read, Unreadable};
use mainspring_sql::read;
use sqlx::mysql::{MySql, MySqlArguments, MySqlRow};
use sqlx::{Arguments, Decode, Encode, Row, Type};

/// A row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cols<'a>(pub(crate) &'a MySqlRow);

impl Cols<'_> {
    fn get<'r, T: Decode<'r, MySql> + Type<MySql>>(&'r self, column: &str) -> Read<Option<T>> {
        self.0.try_get(column).map_err(|e| match e {
            sqlx::Error::ColumnDecode { source, .. } => Unreadable::column(column, &source),
            other => Unreadable::column(column, &other),
        })
    }

    /// A column as bytes, whatever it holds.
    pub(crate) fn raw(&self, column: &str) -> Vec<u8> {
        self.0.try_get_unchecked(column).unwrap_or_default()
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
            let why = format!("{} bytes are not the 16 of a UUID", bytes.len());
            Unreadable::column(column, &why)
        })?;
        Ok(Some(JobId::from_bytes(id)))
    }

    fn lossy(&self, column: &str) -> String {
        String::from_utf8_lossy(&self.raw(column)).into_owned()
    }
}

/// The token of the latest claim.
pub(crate) fn token(row: &Cols<'_>) -> Read<Token> {
    let number = row.int("token")?.and_then(|number| u32::try_from(number).ok());
    let number =
        number.ok_or_else(|| Unreadable::column("token", &"it is no number of 32 bits"))?;
    Ok(Token::new(number))
}

/// The attempt that a leased job is at, as a record of how it ended. The statement says how that
/// was in general; who asks says more.
pub(crate) fn attempt(row: &Cols<'_>) -> Read<Run> {
    Ok(read::run(row)?.run)
}

/// Values in the order of a statement's question marks.
#[derive(Debug, Default)]
pub(crate) struct Values(pub(crate) MySqlArguments);

impl Values {
    fn add<'t>(&mut self, value: impl Encode<'t, MySql> + Type<MySql>) {
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
        self.add(value);
    }

    fn prose(&mut self, value: Option<&str>) {
        self.add(value);
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        self.add(value);
    }

    fn id(&mut self, value: JobId) {
        self.add(&value.as_bytes()[..]);
    }
}
