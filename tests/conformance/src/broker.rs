//! The laws of every broker, run against each of them on a real server.
//!
//! As for stores, a law is an async function, here over a [`Switchboard`], and
//! [`broker_conformance!`](crate::broker_conformance) makes a test of each. Those of
//! [`link`] are about what an adapter does, the others about what all of them do together with
//! `mainspring-broker`. No law waits for a duration: the limit on each wait only ends one that has
//! failed.

pub mod encryption;
pub mod hints;
pub mod link;
mod rig;
pub mod trouble;

use core::future::Future;

use mainspring_contract::broker::Broker;

/// A way to get brokers of one kind, and to mistreat their server.
pub trait Switchboard: Sized {
    /// The kind.
    type Broker: Broker;

    /// On a server that other tests use too.
    fn shared() -> impl Future<Output = Self>;

    /// On a server that may be killed.
    fn own() -> impl Future<Output = Self>;

    /// A broker for all that use a channel of this name.
    fn broker(&self, channel: &str) -> Self::Broker;

    /// Kills the server; only if it is its [own](Self::own).
    fn kill(&mut self) -> impl Future<Output = ()>;

    /// Starts it again, with the same address.
    fn start_again(&mut self) -> impl Future<Output = ()>;
}

/// Makes `broker_conformance!` from the table of laws; see `laws!`, of which it is the twin.
macro_rules! broker_laws {
    ($d:tt $($family:ident { $($law:ident,)* })*) => {
        /// One `#[tokio::test]` for each law of brokers, in one module for each family. The
        /// argument names a [`Switchboard`](crate::broker::Switchboard) of the calling module.
        #[macro_export]
        macro_rules! broker_conformance {
            ($d board:ident) => {
                $(
                    mod $family {
                        $(
                            #[tokio::test]
                            async fn $law() {
                                $crate::broker::$family::$law::<super::$d board>().await;
                            }
                        )*
                    }
                )*
            };
        }
    };
}

broker_laws! { $
    link {
        a_text_reaches_every_link,
        a_text_arrives_as_it_was_sent,
        waiting_for_a_text_can_be_given_up,
        channels_do_not_mix,
        a_channel_may_have_any_name,
        a_farewell_is_told_if_a_link_breaks_and_there_is_a_last_will,
        a_link_that_is_closed_has_sent_everything_and_says_no_farewell,
        a_server_that_is_there_says_so,
        nobody_sees_a_password,
    }
    hints {
        every_kind_of_hint_reaches_every_node,
        nobody_hears_himself,
        what_is_none_of_ours_is_ignored_and_told_once,
        what_is_too_large_is_said_less_exactly,
        a_listener_that_panics_harms_nobody,
        a_busy_node_does_not_send_a_message_for_each_hint,
        the_last_word_is_sent,
    }
    trouble {
        a_broker_that_was_killed_is_found_again,
        nobody_waits_for_a_dead_broker_and_little_is_kept_for_it,
        a_node_may_start_before_its_broker,
        a_link_to_a_server_that_was_killed_says_so,
    }
}
