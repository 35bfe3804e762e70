//! Transactions whose process was killed, stands still or cannot reach the server any more.
//!
//! A transaction of MongoDB belongs to a session and not to a connection: when its process dies,
//! the server keeps it, and what it has locked, until `transactionLifetimeLimitSeconds` are over,
//! which is a minute. So whoever runs into others again and again looks for transactions of this
//! store's programs in which nothing has been done for much longer than any of them rests, and
//! ends those. It takes no rights that a user does not have anyway: everybody may see and end what
//! is his own. Should the owner come back, it hears that its transaction has ended, and tries
//! again.

use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;

/// Ends what was abandoned by programs that call themselves `app`.
pub(crate) async fn end(database: &Database, app: &str) -> Result<(), Error> {
    let admin = database.client().database("admin");
    let idle = doc! {
        "aggregate": 1,
        "pipeline": [
            { "$currentOp": { "idleSessions": true } },
            { "$match": {
                "type": "idleSession", "appName": app,
                "transaction.timeInactiveMicros": { "$gt": REST_MICROS },
            } },
            { "$project": { "id": "$lsid.id" } },
        ],
        "cursor": {},
    };
    let mut found = admin.run_cursor_command(idle).await?;
    let mut sessions = Vec::new();
    while found.advance().await? {
        let row = Document::try_from(found.current())?;
        sessions.extend(row.get("id").map(|id| doc! { "id": id }));
    }
    if !sessions.is_empty() {
        admin.run_command(doc! { "killSessions": sessions }).await?;
    }
    Ok(())
}

/// Between two operations of a transaction nothing is done but to decide.
const REST_MICROS: i64 = 3_000_000;
