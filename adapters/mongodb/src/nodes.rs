//! Nodes: what they say about themselves.

use mainspring_contract::NodeId;
use mainspring_contract::node::Node;
use mainspring_contract::tables::Done;
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Cells;
use mainspring_sql::{read, write};
use mongodb::bson::{Document, doc};

use crate::document::{Fields, NODE, Row};
use crate::error;
use crate::transaction::Transaction;

/// Writes what a node says about itself.
pub(crate) async fn put(tx: &mut Transaction<'_>, node: &Node) -> Done<()> {
    let mut fields = Fields::new(NODE);
    write::node(node, &mut fields);
    fields.int(Some(tx.now().as_micros()));
    let row = Document::try_from(fields.done());
    let row = row.map_err(|why| error::unreadable(&tx.common.name, &why.to_string()))?;
    let change = doc! { "q": { "_id": node.id.as_str() }, "u": row, "upsert": true };
    let collection = tx.common.collections.nodes.clone();
    tx.update(&collection, vec![change]).await?;
    Ok(())
}

/// Forgets a node.
pub(crate) async fn remove(tx: &mut Transaction<'_>, id: &NodeId) -> Done<()> {
    let collection = tx.common.collections.nodes.clone();
    tx.delete(&collection, vec![doc! { "_id": id.as_str() }]).await?;
    Ok(())
}

/// Forgets nodes that were noted before `before`.
pub(crate) async fn forget(tx: &mut Transaction<'_>, before: Timestamp) -> Done<()> {
    let collection = tx.common.collections.nodes.clone();
    tx.delete(&collection, vec![doc! { "beat_at_us": { "$lt": before.as_micros() } }]).await?;
    Ok(())
}

/// The node of a document, and when it was noted.
pub(crate) fn node(row: &Row<'_>) -> Option<(Node, Timestamp)> {
    row.of_known_shape().and_then(|()| read::node(row)).ok()
}
