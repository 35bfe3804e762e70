//! Calls of a driver: bounded in time, and a panic in one is an error.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mainspring_contract::broker::BrokerError;

use crate::clock;

/// What `work` returns, or an error if it takes longer than this.
pub(crate) async fn patiently<T>(
    doing: &str,
    work: impl Future<Output = Result<T, BrokerError>>,
) -> Result<T, BrokerError> {
    tokio::select! {
        result = caught(work) => result,
        () = clock::wait_for(PATIENCE) => Err(BrokerError::new(format!(
            "{doing} has taken longer than {} s (check the network and the broker)",
            PATIENCE.as_secs()
        ))),
    }
}

/// What `work` returns or, if it panics, an error. It is not polled again after a panic, and the
/// connection is given up, so that nobody sees what the panic left behind.
pub(crate) async fn caught<T>(
    work: impl Future<Output = Result<T, BrokerError>>,
) -> Result<T, BrokerError> {
    let mut work = pin!(work);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|_| {
            let message = "the broker's driver panicked (this is a defect of the driver)";
            Poll::Ready(Err(BrokerError::new(message)))
        })
    })
    .await
}

/// How long a broker may take for anything that is asked of it.
const PATIENCE: Duration = Duration::from_secs(5);
