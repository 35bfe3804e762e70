//! Waiting for the operating system to say stop.

use core::future;

use tokio::runtime::Handle;

/// Resolves when the process is asked to stop: Ctrl-C or, on Unix, SIGTERM.
///
/// Each call waits for the next signal after it, polled or not; from the first on, these signals no
/// longer end the process by themselves. A call outside of a Tokio runtime listens from when it is
/// first polled. Where signals cannot be received it never resolves.
pub fn interrupt() -> impl Future<Output = ()> + Send + 'static {
    let listening = Handle::try_current().is_ok().then(listen);
    async move {
        match listening {
            Some(asked) => asked.await,
            None => listen().await,
        }
    }
}

/// Listens from now on.
#[cfg(unix)]
fn listen() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    async fn next(listener: std::io::Result<Signal>) {
        match listener {
            Ok(mut listener) => drop(listener.recv().await),
            Err(_) => future::pending().await,
        }
    }

    let [ctrl_c, terminate] =
        [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| next(signal(kind)));
    async move {
        tokio::select! {
            () = ctrl_c => {}
            () = terminate => {}
        }
    }
}

/// Listens from now on.
#[cfg(windows)]
fn listen() -> impl Future<Output = ()> + Send + 'static {
    let listener = tokio::signal::windows::ctrl_c();
    async move {
        match listener {
            Ok(mut listener) => drop(listener.recv().await),
            Err(_) => future::pending().await,
        }
    }
}

/// Nothing is to be heard here.
#[cfg(not(any(unix, windows)))]
fn listen() -> impl Future<Output = ()> + Send + 'static {
    future::pending()
}
