use std::process::Stdio;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::{Client, eventually, free_port};

/// nginx before applications that have an address each, as an ingress is in a cluster; killed when dropped.
#[derive(Debug)]
pub struct Gateway {
    address: String,
    _running: Child,
    _folder: TempDir,
}

impl Gateway {
    /// Leads each route (nginx's `location`) to an address (`host:port`). An application that does not answer is one that is
    /// away for the moment: 503 and when to come again.
    pub async fn before(routes: &[(String, String)]) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let address = format!("127.0.0.1:{}", free_port());
        let locations: String = routes
            .iter()
            .map(|(location, target)| format!("location {location} {{ proxy_pass http://{target}; }}\n"))
            .collect();
        let text = format!(
            "worker_processes 1;\npid nginx.pid;\nerror_log stderr crit;\nevents {{ worker_connections 512; }}\nhttp {{\n\
             access_log off;\nclient_body_temp_path body;\nproxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\n\
             uwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\nserver {{\nlisten {address};\nproxy_http_version 1.1;\n\
             proxy_set_header Host $http_host;\nproxy_set_header Connection \"\";\nproxy_buffering off;\n\
             proxy_read_timeout 3600s;\nerror_page 502 504 = @away;\nlocation @away {{ add_header Retry-After 1 always; \
             return 503; }}\n{locations}}}\n}}\n"
        );
        let configuration = folder.path().join("nginx.conf");
        std::fs::write(&configuration, text).expect("it can be written");
        let running = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&configuration)
            // A child of this test, and its workers with it.
            .args(["-g", "daemon off; master_process off;"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("nginx runs; on Debian: apt-get install nginx-light");
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

    /// A client without a user.
    pub fn client(&self) -> Client {
        Client::new(&self.address)
    }
}
