//! What becomes of hints while a broker is away.

use core::time::Duration;

use mainspring_broker::News;
use mainspring_contract::broker::{Broker, Link};

use super::Switchboard;
use super::rig::{Node, channel, link, ready, send, soon, task};

/// Nobody has to be started again because a broker was.
pub async fn a_broker_that_was_killed_is_found_again<S: Switchboard>() {
    let mut board = S::own().await;
    let channel = channel();
    let mut one = Node::joined(&board, &channel, "one").await;
    let mut two = Node::joined(&board, &channel, "two").await;
    for round in 0..2 {
        board.kill().await;
        for node in [&mut one, &mut two] {
            assert!(matches!(node.next().await, News::Lost(_)), "it is told once");
        }
        let name = format!("task {round}");
        one.post.tell(ready(&name));
        board.start_again().await;
        assert_eq!(one.next().await, News::Back);
        // What was told in the meantime is said as soon as there is a connection, which may be
        // before the other one listens again.
        assert_eq!(two.next().await, News::Back);
        assert!(one.post.sent(Duration::from_secs(60)).await);
        one.post.tell(ready("again"));
        let (all, _) = two.heard_until(|hints| hints.ready.holds(&task("again"))).await;
        assert!(all.ready.len() <= 2);
    }
}

/// A hundred thousand hints for nobody cost no time and no memory, and are one message later.
pub async fn nobody_waits_for_a_dead_broker_and_little_is_kept_for_it<S: Switchboard>() {
    let mut board = S::own().await;
    let channel = channel();
    let mut one = Node::joined(&board, &channel, "one").await;
    board.kill().await;
    assert!(matches!(one.next().await, News::Lost(_)));
    // There is no point in this loop at which anybody could wait.
    for number in 0..100_000 {
        one.post.tell(ready(&format!("task {}", number % 150)));
    }
    assert!(!one.post.sent(Duration::ZERO).await);
    board.start_again().await;
    let broker = board.broker(&channel);
    let mut listener = link(&broker).await;
    assert!(one.post.sent(Duration::from_secs(60)).await);
    send(&mut listener, "end").await;
    let mut texts = 0;
    while soon(listener.receive()).await.expect("the link is whole") != b"end" {
        texts += 1;
    }
    assert!(texts <= 2, "{texts} texts");
}

/// The order in which things are started does not matter.
pub async fn a_node_may_start_before_its_broker<S: Switchboard>() {
    let mut board = S::own().await;
    let channel = channel();
    board.kill().await;
    let mut one = Node::new(&board, &channel, "one");
    assert!(matches!(one.next().await, News::Lost(_)));
    one.post.tried(Duration::from_secs(60)).await;
    board.start_again().await;
    assert_eq!(one.next().await, News::Back);
    let two = Node::joined(&board, &channel, "two").await;
    two.post.tell(ready("a"));
    assert_eq!(one.heard().await, ready("a"));
}

/// A broken link is not silent.
pub async fn a_link_to_a_server_that_was_killed_says_so<S: Switchboard>() {
    let mut board = S::own().await;
    let broker = board.broker(&channel());
    let mut one = link(&broker).await;
    board.kill().await;
    while soon(one.receive()).await.is_ok() {}
    let error = soon(broker.connect("farewell")).await.err().expect("nobody is there");
    assert!(error.to_string().contains(broker.name()), "{error}");
}
