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
        sql.replace("{task}", row::TASK)
            .replace("{schedule}", row::SCHEDULE)
            .replace("{job}", row::JOB)
            .replace("{run}", row::RUN)
            .replace("{skip}", row::SKIP)
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
    ($($name:ident)*) => {
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
                    $($name: names
                        .render(include_str!(concat!("sql/", stringify!($name), ".sql")))
                        .into(),)*
                    names,
                }
            }
        }
    };
}

statements! {
    chain_free chain_held chain_lock chain_watch
    clock config_changed config_revision
    job_bury job_claim job_delete job_held_by job_insert job_known job_lapsed job_lock job_lock_now
    job_renew job_settle job_unclaim job_update job_watchers
    key_keep key_leave key_lock key_sweep key_take
    last_runs
    prune_lock prune_rotate prune_runs prune_skips prune_slots
    pulse
    run_insert run_recorded
    schedule_claim schedule_drop_claims schedule_find schedule_insert schedule_lock
    schedule_quarantine schedule_remove_named schedule_remove_source schedule_replace
    schedule_set_aside schedule_update
    setup
    skip_insert
    task_find task_limits task_put
}
