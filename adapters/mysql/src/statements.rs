//! The statements, one file each, with the names of tables that the owner has chosen.
//!
//! Lists in them are as long as [`mainspring_sql::lists`] says.

use std::sync::Arc;

use mainspring_sql::Prefix;
use mainspring_sql::lists::repeat;
pub(crate) use mainspring_sql::lists::{padded, parts};
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
    job_limited = "sql/job_limited.sql",
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
    within = "sql/within.sql",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_needs_no_quoting() {
        assert_eq!(literal("a'\\"), "_utf8mb4 x'61275c'");
    }
}
