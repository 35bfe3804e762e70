//! Filters as conditions of a WHERE clause.
//!
//! Only what a filter names becomes a condition, so that the database chooses its index by that.

use mainspring_contract::JobId;
use mainspring_contract::store::{
    During, JobFilter, Place, RunFilter, ScheduleFilter, SkipFilter, Standing,
};
use mainspring_core::time::Timestamp;

use crate::column::place_code;

/// A value to be bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number; truth values are 0 and 1.
    Int(i64),
    /// A text.
    Text(String),
    /// The name of a job.
    Id(JobId),
}

/// One condition; all of them are joined by AND.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What stands before the value, or the whole condition.
    pub sql: &'static str,
    /// The value.
    pub value: Option<Value>,
    /// What stands after the value.
    pub rest: &'static str,
}

/// How a database asks whether the texts in `tags`, which have commas between them, contain a tag:
/// what stands before and after the tag, which has a comma before and after it.
pub type HasTag = (&'static str, &'static str);

/// The conditions on schedules.
pub fn schedules(filter: &ScheduleFilter, has_tag: HasTag) -> Vec<Condition> {
    let mut all = Conditions::default();
    all.text("id > ", filter.page.after.as_ref().map(|id| id.as_str()));
    all.text("task = ", filter.task.as_ref().map(|id| id.as_str()));
    all.text("source = ", filter.source.as_ref().map(|source| source.as_str()));
    all.tag(has_tag, filter.tag.as_ref().map(|tag| tag.as_str()));
    all.during("next_at_us >= ", "next_at_us < ", filter.next);
    if let Some(standing) = filter.standing {
        all.plain(match standing {
            Standing::Quarantined => "quarantine IS NOT NULL",
            Standing::Paused => "quarantine IS NULL AND (paused = 1 OR pause_reason IS NOT NULL)",
            Standing::Done => {
                "quarantine IS NULL AND paused = 0 AND pause_reason IS NULL AND next_kind = 2"
            }
            Standing::Active => {
                "quarantine IS NULL AND paused = 0 AND pause_reason IS NULL AND next_kind <> 2"
            }
        });
    }
    all.0
}

/// The conditions on jobs for which there are indexes, and those that are looked up row by row.
pub fn jobs(filter: &JobFilter, has_tag: HasTag) -> (Vec<Condition>, Vec<Condition>) {
    let mut sought = Conditions::default();
    sought.add("id > ", filter.page.after.map(Value::Id), "");
    sought.text("task = ", filter.task.as_ref().map(|id| id.as_str()));
    sought.text("schedule = ", filter.schedule.as_ref().map(|id| id.as_str()));
    sought.text("node = ", filter.held_by.as_ref().map(|id| id.as_str()));
    // The state is part of the text, because indexes of some states only are chosen by it.
    let leased = filter.held_by.as_ref().map(|_| Place::Leased);
    match filter.place.or(leased).map(place_code) {
        Some(0) => sought.plain("state = 0"),
        Some(1) => sought.plain("state = 1"),
        Some(_) => sought.plain("state = 2"),
        None => {}
    }
    let mut checked = Conditions::default();
    checked.tag(has_tag, filter.tag.as_ref().map(|tag| tag.as_str()));
    checked.int("origin = ", filter.origin.map(|origin| i64::from(origin.code())));
    checked.during("created_at_us >= ", "created_at_us < ", filter.created);
    (sought.0, checked.0)
}

/// The conditions on records of attempts.
pub fn runs(filter: &RunFilter) -> Vec<Condition> {
    let mut all = Conditions::default();
    all.before(filter.before);
    all.add("job = ", filter.job.map(Value::Id), "");
    all.text("task = ", filter.task.as_ref().map(|id| id.as_str()));
    all.text("schedule = ", filter.schedule.as_ref().map(|id| id.as_str()));
    all.text("node = ", filter.node.as_ref().map(|id| id.as_str()));
    all.int("outcome = ", filter.outcome.map(|outcome| i64::from(outcome.code())));
    match filter.settled {
        Some(true) => all.plain("settled = 1"),
        Some(false) => all.plain("settled = 0"),
        None => {}
    }
    all.during("noted_at_us >= ", "noted_at_us < ", filter.noted);
    all.0
}

/// The conditions on records of skipped fires.
pub fn skips(filter: &SkipFilter) -> Vec<Condition> {
    let mut all = Conditions::default();
    all.before(filter.before);
    all.text("schedule = ", filter.schedule.as_ref().map(|id| id.as_str()));
    all.int("reason = ", filter.reason.map(|reason| i64::from(reason.code())));
    all.during("noted_at_us >= ", "noted_at_us < ", filter.noted);
    all.0
}

#[derive(Default)]
struct Conditions(Vec<Condition>);

impl Conditions {
    fn add(&mut self, sql: &'static str, value: Option<Value>, rest: &'static str) {
        if value.is_some() {
            self.0.push(Condition { sql, value, rest });
        }
    }

    fn plain(&mut self, sql: &'static str) {
        self.0.push(Condition { sql, value: None, rest: "" });
    }

    fn text(&mut self, sql: &'static str, text: Option<&str>) {
        self.add(sql, text.map(|text| Value::Text(text.to_owned())), "");
    }

    fn int(&mut self, sql: &'static str, number: Option<i64>) {
        self.add(sql, number.map(Value::Int), "");
    }

    fn tag(&mut self, (sql, rest): HasTag, tag: Option<&str>) {
        if tag.is_some_and(|tag| tag.contains(',')) {
            // No set of tags has one like that.
            self.plain("1 = 0");
            return;
        }
        self.add(sql, tag.map(|tag| Value::Text(format!(",{tag},"))), rest);
    }

    fn during(&mut self, from: &'static str, before: &'static str, during: During) {
        self.int(from, during.from.map(Timestamp::as_micros));
        self.int(before, during.before.map(Timestamp::as_micros));
    }

    /// The end of a page that follows the record of this number.
    fn before(&mut self, seq: Option<u64>) {
        self.int("seq < ", seq.and_then(|seq| i64::try_from(seq).ok()));
    }
}
