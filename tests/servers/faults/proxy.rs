use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A way to a server that can be cut: every connection that goes through it breaks at once, new ones are made as ever.
pub(crate) struct Proxy {
    address: String,
    connections: Arc<Mutex<JoinSet<()>>>,
    /// Ends with the proxy.
    _accepting: JoinSet<()>,
}

impl Proxy {
    /// A way to the server at `host:port`.
    pub(crate) async fn to(server: String) -> Self {
        Self::at("127.0.0.1:0", server).await
    }

    /// The same at an address that the server itself names to its clients.
    pub(crate) async fn at(address: &str, server: String) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let connections = Arc::new(Mutex::new(JoinSet::new()));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, server, connections.clone()));
        Self {
            address,
            connections,
            _accepting: accepting,
        }
    }

    /// `host:port` of its own.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Breaks every connection; how many there were.
    pub(crate) fn cut(&self) -> usize {
        let mut connections = self.connections.lock().expect("no panic");
        // Those that ended by themselves do not count.
        while connections.try_join_next().is_some() {}
        let count = connections.len();
        connections.abort_all();
        count
    }
}

async fn accept(listener: TcpListener, server: String, connections: Arc<Mutex<JoinSet<()>>>) {
    loop {
        let (mut client, _) = listener.accept().await.expect("a connection");
        let server = server.clone();
        connections.lock().expect("no panic").spawn(async move {
            // A server that is away shows as a connection that ends at once, as it does behind a balancer.
            if let Ok(mut server) = TcpStream::connect(server).await {
                // However it ends, both sides see it: the sockets are dropped.
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}
