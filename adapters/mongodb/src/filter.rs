//! Filters as MongoDB writes them.
//!
//! Only what a filter names becomes a condition, so that the server chooses its index by that.

use mainspring_contract::store::{
    During, JobFilter, Place, RunFilter, ScheduleFilter, SkipFilter, Standing,
};
use mainspring_core::time::Timestamp;
use mainspring_sql::column::place_code;
use mongodb::bson::{Bson, Document, doc};

use crate::document::job_id;

/// The condition on schedules.
pub(crate) fn schedules(filter: &ScheduleFilter) -> Document {
    let mut all = Document::new();
    let after = filter.page.after.as_ref();
    put(&mut all, "_id", after.map(|id| doc! { "$gt": id.as_str() }));
    put(&mut all, "task", filter.task.as_ref().map(|id| id.as_str()));
    put(&mut all, "source", filter.source.as_ref().map(|source| source.as_str()));
    put(&mut all, "tags", filter.tag.as_ref().map(|tag| has_tag(tag.as_str())));
    put(&mut all, "next_at_us", during(filter.next));
    let (no, running) = (Bson::Null, doc! { "paused": false, "pause_reason": Bson::Null });
    match filter.standing {
        None => {}
        Some(Standing::Quarantined) => drop(all.insert("quarantine", doc! { "$ne": no })),
        Some(Standing::Paused) => {
            all.insert("quarantine", no);
            all.insert("$nor", vec![running]);
        }
        Some(standing) => {
            all.insert("quarantine", no);
            all.extend(running);
            let is_done = standing == Standing::Done;
            all.insert("next_kind", if is_done { Bson::from(2) } else { doc! { "$ne": 2 }.into() });
        }
    }
    all
}

/// The conditions on jobs for which there are indexes, and those that are looked up one by one.
pub(crate) fn jobs(filter: &JobFilter) -> (Document, Document) {
    let mut sought = Document::new();
    let after = filter.page.after.as_ref();
    put(&mut sought, "_id", after.map(|id| doc! { "$gt": job_id(id) }));
    put(&mut sought, "schedule", filter.schedule.as_ref().map(|id| id.as_str()));
    put(&mut sought, "node", filter.held_by.as_ref().map(|id| id.as_str()));
    let leased = filter.held_by.as_ref().map(|_| Place::Leased);
    let place = filter.place.or(leased);
    match (&filter.task, place) {
        (task, Some(place)) => {
            put(&mut sought, "task", task.as_ref().map(|id| id.as_str()));
            sought.extend(placed(place));
        }
        // The indexes that begin with tasks are about one place each.
        (Some(task), None) if filter.schedule.is_none() => {
            let places = [Place::Waiting, Place::Leased, Place::Held].map(|place| {
                let mut condition = doc! { "task": task.as_str() };
                condition.extend(placed(place));
                condition
            });
            sought.insert("$or", places.to_vec());
        }
        (task, None) => put(&mut sought, "task", task.as_ref().map(|id| id.as_str())),
    }
    let mut checked = Document::new();
    put(&mut checked, "tags", filter.tag.as_ref().map(|tag| has_tag(tag.as_str())));
    put(&mut checked, "origin", filter.origin.map(|origin| i32::from(origin.code())));
    put(&mut checked, "created_at_us", during(filter.created));
    (sought, checked)
}

/// Jobs in a place, with a condition that names the first field of the index for it.
fn placed(place: Place) -> Document {
    let mut condition = doc! { "state": place_code(place) };
    if place == Place::Leased {
        condition.insert("lease_until_us", doc! { "$gte": i64::MIN });
    }
    condition
}

/// The condition on records of attempts.
pub(crate) fn runs(filter: &RunFilter) -> Document {
    let mut all = Document::new();
    put(&mut all, "_id", before(filter.before));
    put(&mut all, "job", filter.job.as_ref().map(job_id));
    put(&mut all, "task", filter.task.as_ref().map(|id| id.as_str()));
    put(&mut all, "schedule", filter.schedule.as_ref().map(|id| id.as_str()));
    put(&mut all, "node", filter.node.as_ref().map(|id| id.as_str()));
    put(&mut all, "outcome", filter.outcome.map(|outcome| i32::from(outcome.code())));
    put(&mut all, "settled", filter.settled);
    put(&mut all, "noted_at_us", during(filter.noted));
    all
}

/// The condition on records of skipped fires.
pub(crate) fn skips(filter: &SkipFilter) -> Document {
    let mut all = Document::new();
    put(&mut all, "_id", before(filter.before));
    put(&mut all, "schedule", filter.schedule.as_ref().map(|id| id.as_str()));
    put(&mut all, "reason", filter.reason.map(|reason| i32::from(reason.code())));
    put(&mut all, "noted_at_us", during(filter.noted));
    all
}

fn put(all: &mut Document, field: &str, value: Option<impl Into<Bson>>) {
    if let Some(value) = value {
        all.insert(field, value);
    }
}

/// The end of a page that follows the record of this number.
fn before(seq: Option<u64>) -> Option<Document> {
    seq.and_then(|seq| i64::try_from(seq).ok()).map(|seq| doc! { "$lt": seq })
}

fn during(during: During) -> Option<Document> {
    let mut range = Document::new();
    put(&mut range, "$gte", during.from.map(Timestamp::as_micros));
    put(&mut range, "$lt", during.before.map(Timestamp::as_micros));
    (!range.is_empty()).then_some(range)
}

/// Texts with commas between them, one of which is this tag.
fn has_tag(tag: &str) -> Document {
    if tag.contains(',') {
        // No set of tags has one like that.
        return doc! { "$in": [] };
    }
    let mut pattern = String::from("(^|,)");
    for c in tag.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push_str("(,|$)");
    doc! { "$regex": pattern }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_no_pattern() {
        assert_eq!(has_tag("a.b$"), doc! { "$regex": "(^|,)a\\.b\\$(,|$)" });
        assert_eq!(has_tag("a,b"), doc! { "$in": [] });
    }

    #[test]
    fn nothing_is_asked_for_what_is_not_named() {
        assert_eq!(schedules(&ScheduleFilter::first(9)), doc! {});
        assert_eq!(jobs(&JobFilter::first(9)), (doc! {}, doc! {}));
        assert_eq!(runs(&RunFilter::newest(9)), doc! {});
        assert_eq!(skips(&SkipFilter::newest(9)), doc! {});
    }
}
