//! The collections, their names and their indexes.

use mainspring_sql::Prefix;
use mongodb::bson::{Document, doc};

/// The names of the collections of one store.
#[derive(Clone, Debug)]
pub(crate) struct Collections {
    pub(crate) meta: String,
    pub(crate) tasks: String,
    pub(crate) schedules: String,
    pub(crate) jobs: String,
    pub(crate) keys: String,
    pub(crate) runs: String,
    pub(crate) skips: String,
    pub(crate) nodes: String,
    pub(crate) migrations: String,
}

impl Collections {
    pub(crate) fn new(prefix: &Prefix) -> Self {
        let name = |name: &str| format!("{prefix}{name}");
        Self {
            meta: name("meta"),
            tasks: name("tasks"),
            schedules: name("schedules"),
            jobs: name("jobs"),
            keys: name("keys"),
            runs: name("runs"),
            skips: name("skips"),
            nodes: name("nodes"),
            migrations: name("migrations"),
        }
    }
}

/// The version of the shape of documents: the field `v` of each.
pub(crate) const VERSION: i32 = 1;

/// What `meta` counts, by name: changes of schedules and tasks, and the numbers of records.
pub(crate) const CONFIG_REVISION: &str = "config_revision";
/// See [`CONFIG_REVISION`].
pub(crate) const NUMBERS: &str = "numbers";

/// The collections of schema version 1 with their indexes, for a prefix.
pub(crate) fn initial(names: &Collections) -> Vec<(&str, Vec<Document>)> {
    vec![
        (&names.meta, vec![]),
        (&names.tasks, vec![]),
        (&names.schedules, schedules()),
        (&names.jobs, jobs()),
        (&names.keys, keys()),
        (&names.runs, runs()),
        (&names.skips, skips()),
        // As many as there are machines.
        (&names.nodes, vec![]),
    ]
}

fn schedules() -> Vec<Document> {
    vec![
        // Claiming, in the order of the cursor. A schedule that cannot fire has no `open_at_us`.
        doc! {
            "name": "open", "key": { "open_at_us": 1, "_id": 1, "claimed_until_us": 1 },
            "partialFilterExpression": { "open_at_us": { "$exists": true } },
        },
        // The pulse: when does the first schedule come due?
        doc! { "name": "due", "key": { "due_at_us": 1 }, "sparse": true },
        // What a node that leaves gives up.
        doc! { "name": "claimed", "key": { "claimed_by": 1 }, "sparse": true },
        // A file that is read again; listings.
        doc! { "name": "source", "key": { "source": 1, "_id": 1 } },
        doc! { "name": "task", "key": { "task": 1, "_id": 1 } },
    ]
}

fn jobs() -> Vec<Document> {
    vec![
        // Claiming: sought for each task, set of tags and priority. Jobs that run or are held are
        // not in it. All that a claim asks is in the key, so that no document is read to choose.
        doc! {
            "name": "claim",
            "key": {
                "state": 1, "task": 1, "tags": 1, "priority": 1, "ready_at_us": 1, "_id": 1,
                "expire_at_us": 1,
            },
            "partialFilterExpression": { "state": 0 },
        },
        // Leases that end: rescue and the pulse. Jobs of limited tasks that run are counted here;
        // it is as long as jobs run at one time.
        doc! {
            "name": "lease", "key": { "lease_until_us": 1, "task": 1, "state": 1 },
            "partialFilterExpression": { "state": 1 },
        },
        // The pulse: the next job that becomes ready. Only jobs with a delay are in it.
        doc! { "name": "wake", "key": { "wake_at_us": 1 }, "sparse": true },
        // Start deadlines. A job that was tried once no longer expires.
        doc! { "name": "expire", "key": { "expire_at_us": 1 }, "sparse": true },
        // Who is held for whom. The state is in the key so that names can be told apart by it
        // alone.
        doc! {
            "name": "held", "key": { "state": 1, "schedule": 1, "task": 1 },
            "partialFilterExpression": { "state": 2 },
        },
        // Overlap: the jobs of a schedule.
        doc! { "name": "schedule", "key": { "schedule": 1 }, "sparse": true },
    ]
}

fn keys() -> Vec<Document> {
    // Keys that nobody holds any more go when others are taken.
    vec![doc! { "name": "over", "key": { "over_until_us": 1 }, "sparse": true }]
}

fn runs() -> Vec<Document> {
    vec![
        // What became of a job, and whether there is a younger one in the history.
        doc! { "name": "job", "key": { "job": 1 } },
        doc! {
            "name": "schedule", "key": { "schedule": 1, "_id": 1 },
            "partialFilterExpression": { "schedule": { "$exists": true } },
        },
        doc! { "name": "task", "key": { "task": 1, "_id": 1 } },
    ]
}

fn skips() -> Vec<Document> {
    vec![doc! { "name": "schedule", "key": { "schedule": 1, "_id": 1 } }]
}
