//! The statements, one file each, with the names of tables that the owner has chosen.

use std::sync::Arc;

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::row;

/// Where the tables are: a schema, and what their names begin with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Names {
    /// The schema.
    pub(crate) schema: String,
    /// The prefix: lower-case letters, digits and underscores.
    pub(crate) prefix: String,
}

impl Names {
    /// A statement as it is written in its file, with these names and with the columns of records.
    pub(crate) fn render(&self, sql: &str) -> String {
        let pulse = include_str!("sql/pulse.sql").replace("$1", "(SELECT now_us FROM clock)");
        sql.replace("{pulse}", &pulse)
            .replace("{task}", row::TASK)
            .replace("{schedule}", row::SCHEDULE)
            .replace("{job}", row::JOB)
            .replace("{run}", row::RUN)
            .replace("{skip}", row::SKIP)
            .replace("{node}", row::NODE)
            .replace("schema.", &format!("\"{}\".", self.schema))
            .replace("mainspring_", &self.prefix)
    }
}

/// A statement and the values bound to it so far.
pub(crate) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// A statement of this crate with checked names in it: nothing that anybody else wrote.
pub(crate) fn safe(sql: &Arc<str>) -> SqlStr {
    AssertSqlSafe(Arc::clone(sql)).into_sql_str()
}

/// A statement that the connection keeps prepared.
pub(crate) fn query<'q>(sql: &Arc<str>) -> Statement<'q> {
    sqlx::query(safe(sql))
}

macro_rules! statements {
    ($($name:ident = $file:literal,)*) => {
        /// Every statement of the store.
        #[derive(Debug)]
        pub(crate) struct Statements {
            /// What the names in them are.
            pub(crate) names: Names,
            $(pub(crate) $name: Arc<str>,)*
        }

        impl Statements {
            /// The statements for these names.
            pub(crate) fn new(names: Names) -> Self {
                Self {
                    $($name: names.render(include_str!($file)).into(),)*
                    names,
                }
            }
        }
    };
}

statements! {
    chain_any_free = "sql/chain_any_free.sql",
    chain_free = "sql/chain_free.sql",
    chain_held = "sql/chain_held.sql",
    chain_lock = "sql/chain_lock.sql",
    chain_watch = "sql/chain_watch.sql",
    compact = "sql/compact.sql",
    compact_look = "sql/compact_look.sql",
    config_changed = "sql/config_changed.sql",
    config_revision = "sql/config_revision.sql",
    job_add = "sql/job_add.sql",
    job_bury = "sql/job_bury.sql",
    job_claim = "sql/job_claim.sql",
    job_delete = "sql/job_delete.sql",
    job_held_by = "sql/job_held_by.sql",
    job_insert = "sql/job_insert.sql",
    job_known = "sql/job_known.sql",
    job_lapsed = "sql/job_lapsed.sql",
    job_lock = "sql/job_lock.sql",
    job_lock_now = "sql/job_lock_now.sql",
    job_renew = "sql/job_renew.sql",
    job_settle = "sql/job_settle.sql",
    job_take_back = "sql/job_take_back.sql",
    job_unclaim = "sql/job_unclaim.sql",
    job_update = "sql/job_update.sql",
    job_watchers = "sql/job_watchers.sql",
    key_keep = "sql/key_keep.sql",
    key_leave = "sql/key_leave.sql",
    key_lives = "sql/key_lives.sql",
    key_lock = "sql/key_lock.sql",
    key_sweep = "sql/key_sweep.sql",
    key_take = "sql/key_take.sql",
    last_runs = "sql/last_runs.sql",
    node_forget = "sql/node_forget.sql",
    node_list = "sql/node_list.sql",
    node_put = "sql/node_put.sql",
    node_remove = "sql/node_remove.sql",
    prune_lock = "sql/prune_lock.sql",
    prune_look = "sql/prune_look.sql",
    prune_rotate = "sql/prune_rotate.sql",
    prune_runs = "sql/prune_runs.sql",
    prune_skips = "sql/prune_skips.sql",
    prune_slots = "sql/prune_slots.sql",
    prove = "sql/prove.sql",
    pulse = "sql/pulse.sql",
    run_insert = "sql/run_insert.sql",
    run_recorded = "sql/run_recorded.sql",
    schedule_claim = "sql/schedule_claim.sql",
    schedule_drop_claims = "sql/schedule_drop_claims.sql",
    schedule_find = "sql/schedule_find.sql",
    schedule_insert = "sql/schedule_insert.sql",
    schedule_lock = "sql/schedule_lock.sql",
    schedule_quarantine = "sql/schedule_quarantine.sql",
    schedule_remove_named = "sql/schedule_remove_named.sql",
    schedule_remove_source = "sql/schedule_remove_source.sql",
    schedule_replace = "sql/schedule_replace.sql",
    schedule_set_aside = "sql/schedule_set_aside.sql",
    schedule_update = "sql/schedule_update.sql",
    setup = "sql/setup.sql",
    share = "sql/share.sql",
    skip_insert = "sql/skip_insert.sql",
    start = "sql/start.sql",
    task_find = "sql/task_find.sql",
    task_limits = "sql/task_limits.sql",
    task_list = "sql/task_list.sql",
    task_put = "sql/task_put.sql",
}
