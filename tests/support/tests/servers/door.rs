//! Who stands at the door of a server, as the kernel knows it.

use std::fs;

/// Whether somebody has connected to this port of this machine whom the server has not let in. A
/// server that stands still leaves everybody there, and nobody else can.
///
/// # Panics
/// Without `/proc`.
pub(crate) fn somebody_waits(port: u16) -> bool {
    // Of a socket that listens, which is state 0A, the receive queue holds connections that were
    // not accepted (proc_net_tcp of the kernel's documentation). The address is one number in this
    // machine's byte order.
    let door = format!("{:08X}:{port:04X}", u32::from_ne_bytes([127, 0, 0, 1]));
    let sockets = fs::read_to_string("/proc/net/tcp").expect("Linux has /proc");
    sockets.lines().any(|socket| {
        let fields: Vec<&str> = socket.split_whitespace().collect();
        let [_, local, _, "0A", queues, ..] = fields[..] else { return false };
        local == door && !queues.ends_with(":00000000")
    })
}
