//! Waiting for the operating system to say stop.

/// Resolves when the process is asked to stop: Ctrl-C or, on Unix, SIGTERM.
///
/// Each call waits for the next signal after it was first polled. Where signals cannot be
/// received it never resolves.
pub async fn interrupt() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = async {
            match signal(SignalKind::terminate()) {
                Ok(mut terminate) => {
                    terminate.recv().await;
                }
                Err(_) => core::future::pending().await,
            }
        };
        tokio::select! {
            () = ctrl_c() => {}
            () = terminate => {}
        }
    }
    #[cfg(not(unix))]
    ctrl_c().await;
}

async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        core::future::pending().await
    }
}
