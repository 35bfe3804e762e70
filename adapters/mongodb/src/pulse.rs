//! The pulse: what every reply says about the store, read in the verb's own transaction.

use mainspring_contract::tables::Done;
use mainspring_core::pulse::Pulse;
use mainspring_sql::read;
use mongodb::bson::{Bson, Document, doc};

use crate::collections::CONFIG_REVISION;
use crate::document::Row;
use crate::transaction::{Transaction, every};
use crate::{error, history, jobs};

/// Reads it and commits. Each part is the first entry of a stretch of an index. What was inserted
/// is compared with the history on this occasion, if that was not done before.
pub(crate) async fn finish(mut tx: Transaction<'_>) -> Done<Pulse> {
    let (now, common) = (tx.now(), std::sync::Arc::clone(&tx.common));
    let names = &common.collections;
    let parts = [
        (&names.schedules, "due_at_us", doc! { "due_at_us": { "$gte": i64::MIN } }, "due_at_us"),
        (
            &names.jobs,
            "wake_at_us",
            doc! { "wake_at_us": { "$gt": now.as_micros() } },
            "ready_at_us",
        ),
        (
            &names.jobs,
            "lease_until_us",
            doc! { "state": 1, "lease_until_us": { "$gte": i64::MIN } },
            "lease_until_us",
        ),
        (&names.jobs, "expire_at_us", doc! { "expire_at_us": { "$gte": i64::MIN } }, "start_by_us"),
    ];
    let mut pipeline = vec![doc! { "$match": { "_id": CONFIG_REVISION } }];
    let mut fields = doc! { "config_revision": "$value" };
    for (collection, column, filter, name) in parts {
        let first = vec![
            doc! { "$match": filter },
            doc! { "$sort": { column: 1 } },
            doc! { "$limit": 1 },
            doc! { "$project": { "_id": 0, column: 1 } },
        ];
        pipeline.push(doc! { "$lookup": { "from": collection, "pipeline": first, "as": name } });
        fields.insert(name, first_of(&format!("${name}.{column}")));
    }
    if !tx.made.unproven.is_empty() {
        let newest = history::newest();
        pipeline
            .push(doc! { "$lookup": { "from": &names.runs, "pipeline": newest, "as": "newest" } });
        fields.insert("newest", first_of("$newest.job"));
    }
    pipeline.push(doc! { "$project": fields });
    let command = doc! { "aggregate": &names.meta, "pipeline": pipeline, "cursor": {} };
    let row = tx.pay_and_find(command).await?;
    jobs::prove(&mut tx, read::job_id(&Row::new(&row), "newest").ok()).await?;
    tx.commit().await?;
    let pulse = read::pulse(&Row::new(&row), now);
    pulse.map_err(|why| error::unreadable(&common.name, &why.to_string()))
}

fn first_of(list: &str) -> Document {
    doc! { "$first": list }
}

/// Schedules or tasks changed.
pub(crate) async fn config_changed(tx: &mut Transaction<'_>) -> Done<()> {
    let filter = doc! { "_id": Bson::from(CONFIG_REVISION) };
    let change = every(filter, doc! { "$inc": { "value": 1_i64 } });
    let collection = tx.common.collections.meta.clone();
    tx.update(&collection, vec![change]).await?;
    Ok(())
}
