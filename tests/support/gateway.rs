use crate::{Client, Nginx};

/// nginx before applications that have an address each, as an ingress is in a cluster.
#[derive(Debug)]
pub struct Gateway(Nginx);

impl Gateway {
    /// Leads each route (nginx's `location`) to an address (`host:port`). An application that does not answer is one that is
    /// away for the moment: 503 and when to come again.
    pub async fn before(routes: &[(String, String)]) -> Self {
        let locations: String = routes
            .iter()
            .map(|(location, target)| format!("location {location} {{ proxy_pass http://{target}; }}\n"))
            .collect();
        let server = format!(
            "proxy_http_version 1.1;\nproxy_set_header Host $http_host;\nproxy_set_header Connection \"\";\n\
             proxy_buffering off;\nproxy_read_timeout 3600s;\nerror_page 502 504 = @away;\n\
             location @away {{ add_header Retry-After 1 always; return 503; }}\n{locations}"
        );
        Self(Nginx::serving(&server, None).await)
    }

    /// A client without a user.
    pub fn client(&self) -> Client {
        Client::new(self.0.address())
    }
}
