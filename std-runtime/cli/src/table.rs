//! Columns of text, as wide as they need to be.

use std::io::{self, Write};

/// A table with a header.
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(header: [&str; N]) -> Self {
        Self { rows: vec![header.map(str::to_owned)] }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        // A message of several lines must not break the columns.
        self.rows.push(cells.map(|cell| cell.replace(['\n', '\r', '\t'], " ")));
    }

    pub(crate) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &self.rows {
            let mut line = String::new();
            for (&width, cell) in widths.iter().zip(row) {
                line.push_str(cell);
                let blanks = width + 2 - cell.chars().count();
                line.extend(core::iter::repeat_n(' ', blanks));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
