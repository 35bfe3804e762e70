//! Ports of the loopback device that nobody else takes.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// A port that is ours until this is dropped, also while no server listens there.
///
/// What reserves it is a UDP socket of the same number, which every process that asks here tries to
/// bind, and which the kernel takes back however a process ends. Programs that do not ask here may
/// still be faster: then the server fails to start, and is started on another port.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    _reservation: UdpSocket,
}

impl Port {
    /// # Panics
    /// If none is free.
    pub(crate) fn free() -> Self {
        // Each `RandomState` has keys that the system drew.
        let start = RandomState::new().hash_one(PORTS.0);
        let count = PORTS.1 - PORTS.0;
        let offset = u16::try_from(start % u64::from(count)).unwrap_or(0);
        (0..count)
            .find_map(|step| {
                // The sum stays below 65536: offset and step are each less than the count.
                let number = PORTS.0 + (offset + step) % count;
                let reservation = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
                TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
                Some(Self { number, _reservation: reservation })
            })
            .expect("one of ten thousand ports is free")
    }
}

/// Below the ports that systems give to outgoing connections: a client that asks in vain for a
/// port among those can be given that very port, and so connect to itself.
const PORTS: (u16, u16) = (15_000, 25_000);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_not_given_twice() {
        let ports: Vec<Port> = (0..100).map(|_| Port::free()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(|port| port.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 100);
        assert!(UdpSocket::bind((Ipv4Addr::LOCALHOST, numbers[0])).is_err());
    }
}
