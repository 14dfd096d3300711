use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::{Certificate, eventually, free_port};

/// An nginx of this test's own; killed when dropped.
#[derive(Debug)]
pub struct Nginx {
    address: String,
    _running: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Starts it with the configuration that there is for the address it gets, and returns when it takes connections.
    pub async fn start(configuration: impl FnOnce(&str) -> String) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let address = format!("127.0.0.1:{}", free_port());
        let running = run(folder.path(), &configuration(&address));
        eventually("nginx takes connections", || async {
            TcpStream::connect(&address).await.ok()
        })
        .await;
        Self {
            address,
            _running: running,
            _folder: folder,
        }
    }

    /// The same with this inside of its `server`; over TLS if there is a certificate for it.
    pub async fn serving(server: &str, certificate: Option<&Certificate>) -> Self {
        let encryption = certificate.map(|Certificate { file, key_file }| {
            let (file, key_file) = (file.display(), key_file.display());
            (
                " ssl",
                format!("ssl_certificate {file};\nssl_certificate_key {key_file};\n"),
            )
        });
        let (ssl, certificate) = encryption.unwrap_or_default();
        Self::start(|address| {
            format!(
                "worker_processes 1;\npid nginx.pid;\nerror_log stderr crit;\nevents {{ worker_connections 512; }}\n\
                 http {{\naccess_log off;\nclient_body_temp_path body;\nproxy_temp_path proxy;\n\
                 fastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n\
                 server {{\nlisten {address}{ssl};\n{certificate}{server}}}\n}}\n"
            )
        })
        .await
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn run(folder: &Path, text: &str) -> Child {
    let configuration = folder.join("nginx.conf");
    std::fs::write(&configuration, text).expect("it can be written");
    Command::new("nginx")
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&configuration)
        // A child of this test, and its workers with it.
        .args(["-g", "daemon off; master_process off;"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("nginx runs; on Debian: apt-get install nginx-light")
}
