//! The rows of nodes.

use mainspring_contract::NodeId;
use mainspring_contract::node::Node;
use mainspring_contract::store::Page;
use mainspring_core::time::Timestamp;
use mainspring_sql::json::JsonRows;
use mainspring_sql::{read, write};

use crate::columns::Cols;
use crate::transaction::{Bind, Transaction};

type Done<T> = Result<T, sqlx::Error>;

/// Writes what a node says about itself.
pub(crate) async fn put(tx: &mut Transaction<'_>, node: &Node) -> Done<()> {
    let now = tx.now();
    let (text, _) = JsonRows::of([node], write::node).into_parts();
    let statement = tx.sql(|sql| &sql.node_put).bind(text).at(now);
    tx.run(statement).await.map(drop)
}

/// Forgets a node.
pub(crate) async fn remove(tx: &mut Transaction<'_>, id: &NodeId) -> Done<()> {
    let statement = tx.sql(|sql| &sql.node_remove).bind(id.as_str().to_owned());
    tx.run(statement).await.map(drop)
}

/// Forgets nodes that were noted before `before`.
pub(crate) async fn forget(tx: &mut Transaction<'_>, before: Timestamp) -> Done<()> {
    let statement = tx.sql(|sql| &sql.node_forget).at(before);
    tx.run(statement).await.map(drop)
}

/// Nodes by name, and when each was noted.
pub(crate) async fn list(
    tx: &mut Transaction<'_>,
    page: &Page<NodeId>,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<(Node, Timestamp)>>> {
    // No name is empty.
    let after = page.after.as_ref().map_or("", NodeId::as_str).to_owned();
    let statement = tx.sql(|sql| &sql.node_list).bind(after);
    let rows = tx.rows(statement.bind(i64::from(limit)).bind(i64::from(offset))).await?;
    Ok(rows.iter().map(|row| read::node(&Cols(row)).ok()).collect())
}
