use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems give to outgoing connections, so that who is killed finds its port free again; and beside those
/// of the tests' servers.
const PORTS: std::ops::Range<u16> = 12_000..20_000;

/// A port of the loopback interface that nobody listens on, and that no other caller of this process gets.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    // Processes beside each other begin at different places.
    let begin = u16::try_from(std::process::id() % u32::from(count)).expect("it is below a u16");
    for _ in PORTS {
        let place = (begin + TAKEN.fetch_add(1, Ordering::Relaxed) % count) % count;
        let port = PORTS.start + place;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port of {PORTS:?} is free");
}
