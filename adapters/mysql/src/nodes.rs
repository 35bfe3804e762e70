//! Nodes: what they say about themselves.

use mainspring_contract::NodeId;
use mainspring_contract::node::Node;
use mainspring_contract::store::Page;
use mainspring_contract::tables::Done;
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Cells;
use mainspring_sql::{read, write};

use crate::listing::Part;
use crate::row::{Cols, Values};
use crate::transaction::Transaction;

/// Writes what a node says about itself.
pub(crate) async fn put(tx: &mut Transaction<'_>, node: &Node) -> Done<()> {
    let mut values = Values::default();
    write::node(node, &mut values);
    values.int(Some(tx.now().as_micros()));
    let statement = tx.common.sql.node_put.rows(1, values);
    tx.execute(statement).await.map(drop)
}

/// Forgets a node.
pub(crate) async fn remove(tx: &mut Transaction<'_>, id: &NodeId) -> Done<()> {
    let statement = tx.common.sql.node_remove.query().bind(id.as_str());
    tx.execute(statement).await.map(drop)
}

/// Forgets nodes that were noted before `before`.
pub(crate) async fn forget(tx: &mut Transaction<'_>, before: Timestamp) -> Done<()> {
    let statement = tx.common.sql.node_forget.query().bind(before.as_micros());
    tx.execute(statement).await.map(drop)
}

/// Nodes by name, and when each was noted.
pub(crate) async fn list(
    tx: &mut Transaction<'_>,
    page: &Page<NodeId>,
    part: Part,
) -> Done<Vec<Option<(Node, Timestamp)>>> {
    // No name is empty.
    let after = page.after.as_ref().map_or("", NodeId::as_str);
    let statement = tx.common.sql.node_list.query().bind(after);
    let statement = statement.bind(i64::from(part.limit)).bind(i64::from(part.offset));
    let rows = tx.all(statement).await?;
    Ok(rows.iter().map(|row| read::node(&Cols(row)).ok()).collect())
}
