use std::path::PathBuf;

use crate::{Server, root};

/// Kafka's other ways in, on the ports after its own, as `manifests/local/kafka.sh` opens them.
#[derive(Debug, Clone, Copy)]
pub enum KafkaListener {
    /// With TLS and a login: SCRAM-SHA-512, the authority of [`kafka_authority`].
    Login,
    /// For clients that come through a proxy, and are told to come to [`Self::Proxy`].
    Proxied,
    /// Where the proxy has to listen.
    Proxy,
}

/// The user of [`KafkaListener::Login`].
pub const KAFKA_USER: &str = "dayloom";
/// The user's password, as in a server that was made just now.
pub const KAFKA_PASSWORD: &str = "dayloom";

impl KafkaListener {
    /// `host:port`.
    pub fn address(self) -> String {
        let after = match self {
            Self::Login => 2,
            Self::Proxied => 3,
            Self::Proxy => 4,
        };
        let url = Server::Kafka.url();
        let port = url.port().expect("a server's address has a port") + after;
        format!("{}:{port}", url.host_str().expect("a server's address has a host"))
    }
}

/// Whom to believe when the broker shows its certificate, PEM.
pub fn kafka_authority() -> PathBuf {
    kafka_folder().join("tls/ca.pem")
}

/// Where the broker of `manifests/local` lives.
pub(crate) fn kafka_folder() -> PathBuf {
    std::env::var_os("LOCAL_KAFKA_DIR").map_or_else(|| root().join("manifests/local/.kafka"), PathBuf::from)
}
