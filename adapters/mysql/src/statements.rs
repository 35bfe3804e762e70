//! The statements, one file each, with the names of tables that the owner has chosen.
//!
//! A part that is followed by `, ...` or ` OR ...` is repeated as often as there are items. How
//! often is a power of two, so that a connection keeps a few forms prepared and not hundreds.

use std::sync::Arc;

use mainspring_sql::Prefix;
use sqlx::mysql::{MySql, MySqlArguments};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::row::Values;

/// A statement and the values bound to it so far.
pub(crate) type Statement<'q> = Query<'q, MySql, MySqlArguments>;

/// One statement, as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Text(Arc<str>);

impl Text {
    /// A statement as it is written in its file, with this prefix and without comments.
    pub(crate) fn new(file: &str, prefix: &Prefix) -> Self {
        let lines = file.lines().filter(|line| !line.trim_start().starts_with("--"));
        let sql = prefix.render(&lines.collect::<Vec<_>>().join("\n"));
        Self(sql.trim().trim_end_matches(';').into())
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The statement, which the connection keeps prepared.
    pub(crate) fn query<'q>(&self) -> Statement<'q> {
        sqlx::query(self.safe())
    }

    /// The statement with its repeated parts for `count` items.
    pub(crate) fn repeated<'q>(&self, count: usize) -> Statement<'q> {
        sqlx::query(AssertSqlSafe(repeat(&self.0, count)).into_sql_str())
    }

    /// The same with its values.
    pub(crate) fn rows<'q>(&self, count: usize, values: Values) -> Statement<'q> {
        sqlx::query_with(AssertSqlSafe(repeat(&self.0, count)).into_sql_str(), values.0)
    }

    /// The statements of this file as one text, with `:name` replaced by literals that the caller
    /// has made: numbers, or [`literal`].
    pub(crate) fn with(&self, values: &[(&str, &str)]) -> String {
        values.iter().fold(self.0.to_string(), |sql, (name, value)| sql.replace(name, value))
    }

    fn safe(&self) -> SqlStr {
        AssertSqlSafe(Arc::clone(&self.0)).into_sql_str()
    }
}

/// A text as a literal that needs no quoting, whatever the server's modes are.
pub(crate) fn literal(text: &str) -> String {
    format!("_utf8mb4 {}", binary(text.as_bytes()))
}

/// Bytes as a literal.
pub(crate) fn binary(bytes: &[u8]) -> String {
    use core::fmt::Write;
    let mut sql = String::with_capacity(3 + 2 * bytes.len());
    sql.push_str("x'");
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(sql, "{byte:02x}");
    }
    sql.push('\'');
    sql
}

/// Items as lists whose lengths are powers of two, the last one padded by its last item again: for
/// lists in which it makes no difference that something is named twice.
pub(crate) fn padded<T: Clone + Send + Sync>(items: &[T]) -> impl Iterator<Item = Vec<T>> + Send {
    items.chunks(MOST).map(|chunk| {
        let mut list = chunk.to_vec();
        if let Some(last) = chunk.last() {
            list.resize(chunk.len().next_power_of_two(), last.clone());
        }
        list
    })
}

/// Items as parts whose lengths are powers of two and that weigh no more than `most_bytes`, unless
/// a single item does.
pub(crate) fn parts<T>(
    mut items: &[T],
    most_bytes: usize,
    bytes: impl Fn(&T) -> usize,
) -> Vec<&[T]> {
    let mut parts = Vec::new();
    while !items.is_empty() {
        let mut sum = 0_usize;
        let fits = |item: &&T| {
            sum = sum.saturating_add(bytes(item));
            sum <= most_bytes
        };
        let fitting = items.iter().take(MOST).take_while(fits).count().max(1);
        // The largest power of two that is not larger.
        let (part, rest) = items.split_at(1 << fitting.ilog2());
        parts.push(part);
        items = rest;
    }
    parts
}

/// The most items of one statement.
pub(crate) const MOST: usize = 256;

fn repeat(sql: &str, count: usize) -> String {
    let mut rest = sql;
    let mut text = String::with_capacity(sql.len() + 64 * count);
    while let Some(at) = rest.find(REST) {
        let (before, after) = (&rest[..at], &rest[at + REST.len()..]);
        let (part, separator) = match before.strip_suffix(" OR ") {
            Some(part) => (part, " OR "),
            None => (before.trim_end_matches(", "), ", "),
        };
        let unit = &part[unit_start(part)..];
        text.push_str(part);
        for _ in 1..count {
            text.push_str(separator);
            text.push_str(unit);
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// Where the last item of a text begins: the parenthesis that belongs to the last character, or a
/// question mark.
fn unit_start(part: &str) -> usize {
    if !part.ends_with(')') {
        return part.len().saturating_sub(1);
    }
    let mut depth = 0_usize;
    for (at, byte) in part.bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth == 1 => return at,
            b'(' => depth -= 1,
            _ => {}
        }
    }
    0
}

/// Stands for more of the same.
const REST: &str = "...";

macro_rules! statements {
    ($($name:ident = $file:literal,)*) => {
        /// Every statement of the store.
        #[derive(Debug)]
        pub(crate) struct Statements {
            $(pub(crate) $name: Text,)*
        }

        impl Statements {
            /// The statements for tables with this prefix.
            pub(crate) fn new(prefix: &Prefix) -> Self {
                Self {
                    $($name: Text::new(
                        include_str!($file),
                        prefix,
                    ),)*
                }
            }
        }
    };
}

statements! {
    begin_read = "sql/begin_read.sql",
    begin_write = "sql/begin_write.sql",
    clock = "sql/clock.sql",
    config_changed = "sql/config_changed.sql",
    config_revision = "sql/config_revision.sql",
    count_jobs = "sql/count_jobs.sql",
    chain_any_free = "sql/chain_any_free.sql",
    chain_any_held = "sql/chain_any_held.sql",
    chain_free = "sql/chain_free.sql",
    chain_lock = "sql/chain_lock.sql",
    chain_watch = "sql/chain_watch.sql",
    job_bury = "sql/job_bury.sql",
    job_candidates = "sql/job_candidates.sql",
    job_delete = "sql/job_delete.sql",
    job_exist = "sql/job_exist.sql",
    job_insert = "sql/job_insert.sql",
    job_lapsed = "sql/job_lapsed.sql",
    job_lease = "sql/job_lease.sql",
    job_known = "sql/job_known.sql",
    job_limits = "sql/job_limits.sql",
    job_live = "sql/job_live.sql",
    job_held_by = "sql/job_held_by.sql",
    job_lock = "sql/job_lock.sql",
    job_lock_now = "sql/job_lock_now.sql",
    job_other_lanes = "sql/job_other_lanes.sql",
    job_renew = "sql/job_renew.sql",
    job_renewable = "sql/job_renewable.sql",
    job_settleable = "sql/job_settleable.sql",
    job_take = "sql/job_take.sql",
    job_update = "sql/job_update.sql",
    job_watchers = "sql/job_watchers.sql",
    key_delete = "sql/key_delete.sql",
    key_forget = "sql/key_forget.sql",
    key_insert = "sql/key_insert.sql",
    key_keep = "sql/key_keep.sql",
    key_leave = "sql/key_leave.sql",
    key_lock = "sql/key_lock.sql",
    key_old = "sql/key_old.sql",
    key_take = "sql/key_take.sql",
    last_runs = "sql/last_runs.sql",
    list_jobs = "sql/list_jobs.sql",
    list_runs = "sql/list_runs.sql",
    list_schedules = "sql/list_schedules.sql",
    list_skips = "sql/list_skips.sql",
    node_forget = "sql/node_forget.sql",
    node_list = "sql/node_list.sql",
    node_put = "sql/node_put.sql",
    node_remove = "sql/node_remove.sql",
    prune_runs = "sql/prune_runs.sql",
    prune_skips = "sql/prune_skips.sql",
    pulse = "sql/pulse.sql",
    run_insert = "sql/run_insert.sql",
    run_known = "sql/run_known.sql",
    run_recorded = "sql/run_recorded.sql",
    schedule_claim = "sql/schedule_claim.sql",
    schedule_drop_claims = "sql/schedule_drop_claims.sql",
    schedule_due = "sql/schedule_due.sql",
    schedule_find = "sql/schedule_find.sql",
    schedule_insert = "sql/schedule_insert.sql",
    schedule_lock = "sql/schedule_lock.sql",
    schedule_quarantine = "sql/schedule_quarantine.sql",
    schedule_remove = "sql/schedule_remove.sql",
    schedule_replace = "sql/schedule_replace.sql",
    schedule_set_aside = "sql/schedule_set_aside.sql",
    schedule_source = "sql/schedule_source.sql",
    schedule_update = "sql/schedule_update.sql",
    skip_insert = "sql/skip_insert.sql",
    task_find = "sql/task_find.sql",
    task_insert = "sql/task_insert.sql",
    task_list = "sql/task_list.sql",
    task_lock = "sql/task_lock.sql",
    task_update = "sql/task_update.sql",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_before_the_dots_is_repeated() {
        assert_eq!(repeat("a IN (?, ...) b", 3), "a IN (?, ?, ?) b");
        assert_eq!(repeat("VALUES (?, (?)), ...", 2), "VALUES (?, (?)), (?, (?))");
        assert_eq!(repeat("(a = ? AND b = ?) OR ...", 2), "(a = ? AND b = ?) OR (a = ? AND b = ?)");
        assert_eq!(repeat("a IN (?, ...) OR b IN (?, ...)", 2), "a IN (?, ?) OR b IN (?, ?)");
        assert_eq!(repeat("a", 2), "a");
        assert_eq!(repeat("a IN (?, ...)", 1), "a IN (?)");
    }

    #[test]
    fn lists_come_in_powers_of_two() {
        let items: Vec<_> = (0..600).collect();
        let lengths: Vec<_> = padded(&items).map(|list| list.len()).collect();
        assert_eq!(lengths, [256, 256, 128]);
        assert_eq!(padded(&items[..3]).collect::<Vec<_>>(), [[0, 1, 2, 2]]);
        let lengths: Vec<_> = parts(&items, 1_000, |_| 1).iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [256, 256, 64, 16, 8]);
    }

    #[test]
    fn parts_weigh_no_more_than_a_packet() {
        let parts = parts(&[5, 5, 5, 99, 1, 1], 10, |&bytes| bytes);
        assert_eq!(parts, [&[5, 5][..], &[5], &[99], &[1, 1]]);
    }

    #[test]
    fn a_literal_needs_no_quoting() {
        assert_eq!(literal("a'\\"), "_utf8mb4 x'61275c'");
    }
}
