//! Documents that other transactions have: what SQL calls SKIP LOCKED.
//!
//! MongoDB ends a transaction that writes what another one is writing, and does not say which
//! document it was. So a claim that was ended remembers what it wanted, and its next attempt tries
//! those among them that still can be claimed in a transaction that changes nothing: first all at
//! once, then in halves. Whatever cannot be written is left out. With this a document that
//! somebody keeps for long hides nobody, and where nobody is in the way it costs nothing.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainspring_contract::tables::Done;
use mongodb::bson::{Bson, doc};

use crate::error;
use crate::transaction::{Transaction, every};

/// What claims wanted lately and did not get. It is a hint: nothing is decided by it.
#[derive(Debug, Default)]
pub(crate) struct Crowd(Mutex<HashSet<Vec<u8>>>);

impl Crowd {
    /// Somebody else has one of these.
    pub(crate) fn suspect<'a>(&self, ids: impl IntoIterator<Item = &'a Bson>) {
        let mut all = self.all();
        if all.len() >= MOST {
            all.clear();
        }
        all.extend(ids.into_iter().map(name));
    }

    /// Which of these somebody else may have.
    fn suspects(&self, ids: &[Bson]) -> Vec<Bson> {
        let all = self.all();
        if all.is_empty() {
            return Vec::new();
        }
        ids.iter().filter(|id| all.contains(&name(id))).cloned().collect()
    }

    /// Nobody has these.
    fn clear(&self, ids: &[Bson]) {
        let mut all = self.all();
        for id in ids {
            all.remove(&name(id));
        }
    }

    fn all(&self) -> MutexGuard<'_, HashSet<Vec<u8>>> {
        // A set is whole after every change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that can be compared, whatever its type is.
fn name(id: &Bson) -> Vec<u8> {
    mongodb::bson::serialize_to_vec(&doc! { "": id }).unwrap_or_default()
}

/// Those of these documents that nobody else is writing, in their order, as far as there is reason
/// to doubt it. Those that are `ours` were written by this transaction.
pub(crate) async fn avoid(
    tx: &Transaction<'_>,
    collection: &str,
    ids: Vec<Bson>,
    ours: &[Bson],
) -> Done<Vec<Bson>> {
    let mut suspects = tx.common.crowd.suspects(&ids);
    suspects.retain(|id| !ours.contains(id));
    let (mut taken, mut open) = (Vec::new(), vec![suspects]);
    while let Some(mut part) = open.pop() {
        if part.is_empty() {
            continue;
        }
        if can_be_written(tx, collection, &part).await? {
            tx.common.crowd.clear(&part);
        } else if part.len() == 1 {
            taken.append(&mut part);
        } else {
            let rest = part.split_off(part.len() / 2);
            open.extend([rest, part]);
        }
    }
    Ok(ids.into_iter().filter(|id| !taken.contains(id)).collect())
}

/// Whether nobody is writing these documents, tried in a transaction that changes nothing.
async fn can_be_written(tx: &Transaction<'_>, collection: &str, ids: &[Bson]) -> Done<bool> {
    let failed = |why| tx.failed(why);
    let mut session = tx.database().client().start_session().await.map_err(failed)?;
    session.start_transaction().await.map_err(failed)?;
    let change = every(doc! { "_id": { "$in": ids } }, doc! { "$inc": { "lk": 1_i64 } });
    let command = doc! { "update": collection, "updates": [change] };
    let done = tx.database().run_command(command).session(&mut session).await;
    // Whether or not the server heard it, the session's end ends it.
    drop(session.abort_transaction().await);
    match done {
        Ok(_) => Ok(true),
        Err(why) if error::is_conflict(&why) => Ok(false),
        Err(why) => Err(failed(why)),
    }
}

/// How many documents are kept in mind, so that memory is bounded whatever the store holds.
const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_in_the_way_is_suspected_until_it_is_not() {
        let crowd = Crowd::default();
        let ids = [Bson::from("a"), Bson::from(7), Bson::Null];
        crowd.suspect(&ids[..2]);
        assert_eq!(crowd.suspects(&ids), ids[..2]);
        crowd.clear(&ids[..1]);
        assert_eq!(crowd.suspects(&ids), ids[1..2]);
    }

    #[test]
    fn memory_is_bounded() {
        let crowd = Crowd::default();
        for number in 0..(MOST as i64 + 10) {
            crowd.suspect([&Bson::from(number)]);
            assert!(crowd.all().len() <= MOST);
        }
    }
}
