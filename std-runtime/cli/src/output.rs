//! Writing to people and pipes: a reader that has gone away is no mistake.

use std::io::{self, StdoutLock, Write};

/// Writes to standard output, and says on standard error why it could not. A reader that closed
/// its end, as `head` does, has simply seen enough.
///
/// # Errors
/// Nothing more to say: the complaint has been written.
pub(crate) fn print(
    write: impl FnOnce(&mut io::BufWriter<StdoutLock<'static>>) -> io::Result<()>,
) -> Result<(), ()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = write(&mut out).and_then(|()| out.flush());
    // What is left in the buffer would be tried again on drop.
    let _ = out.into_parts();
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write: {error}"));
            Err(())
        }
        _ => Ok(()),
    }
}

/// One line on standard error, whatever the message quotes.
pub(crate) fn complain(message: &str) {
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = writeln!(io::stderr().lock(), "mainspring: {message}");
}
