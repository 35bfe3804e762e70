//! Nodes: what they say about themselves.

use mainspring_contract::NodeId;
use mainspring_contract::node::Node;
use mainspring_contract::store::Page;
use mainspring_contract::tables::Done;
use mainspring_core::time::Timestamp;

use crate::row;
use crate::statements::query;
use crate::transaction::Transaction;

/// Writes what a node says about itself.
pub(crate) async fn put(tx: &mut Transaction<'_>, node: &Node) -> Done<()> {
    let statement = query(&tx.common.sql.node_put)
        .bind(node.id.as_str())
        .bind(i16::from(node.role.code()))
        .bind(node.tags.to_string())
        .bind(node.tasks_text())
        .bind(node.program.as_str())
        .bind(node.started_at.as_micros())
        .bind(node.clock_offset.as_micros())
        .bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// Forgets a node.
pub(crate) async fn remove(tx: &mut Transaction<'_>, id: &NodeId) -> Done<()> {
    tx.run(query(&tx.common.sql.node_remove).bind(id.as_str())).await?;
    Ok(())
}

/// Forgets nodes that were noted before `before`.
pub(crate) async fn forget(tx: &mut Transaction<'_>, before: Timestamp) -> Done<()> {
    tx.run(query(&tx.common.sql.node_forget).bind(before.as_micros())).await?;
    Ok(())
}

/// Nodes by name, and when each was noted.
pub(crate) async fn list(
    tx: &mut Transaction<'_>,
    page: &Page<NodeId>,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<(Node, Timestamp)>>> {
    // No name is empty.
    let after = page.after.as_ref().map_or("", NodeId::as_str);
    let statement = query(&tx.common.sql.node_list).bind(after);
    let rows = tx.all(statement.bind(i64::from(limit)).bind(i64::from(offset))).await?;
    Ok(rows.iter().map(|row| row::node(row).ok()).collect())
}
