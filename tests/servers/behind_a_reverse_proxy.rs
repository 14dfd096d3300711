//! Two hosts behind the example of a reverse proxy: sign-up, writes, WebSocket and Server-Sent Events work through it, and
//! clients go on when one host dies.

use dayloom_tests::{Client, Host, HostOptions, LiveSocket, LiveStream, Nginx, Seen, Servers, eventually, root};
use serde_json::{Value, json};

/// nginx with the example's configuration, on a port of its own.
async fn proxy_before(hosts: &[Host; 2]) -> Nginx {
    let mut text = std::fs::read_to_string(root().join("manifests/local/nginx.conf")).expect("the example");
    Nginx::start(|address| {
        for (example, own) in [
            ("127.0.0.1:3000", hosts[0].address()),
            ("127.0.0.1:3001", hosts[1].address()),
            ("127.0.0.1:8080", address),
        ] {
            let directive = |address: &str| [format!("server {address} "), format!("listen {address};")];
            let [server, listen] = directive(example);
            assert_eq!(
                text.matches(&server).count() + text.matches(&listen).count(),
                1,
                "{example}"
            );
            let [own_server, own_listen] = directive(own);
            text = text.replace(&server, &own_server).replace(&listen, &own_listen);
        }
        text
    })
    .await
}

fn believing_the_proxy(mut options: HostOptions) -> HostOptions {
    let trusted = ("DAYLOOM_TRUSTED_PROXIES".to_owned(), "127.0.0.1/32".to_owned());
    options.env.push(trusted);
    options
}

/// The next event about the task with this title, on a connection that may be told of others first.
async fn hears(title: &str, mut next: impl AsyncFnMut() -> Seen) {
    loop {
        match next().await {
            Seen::Event(event) if event["data"]["payload"]["title"] == title => return,
            Seen::Event(_) | Seen::Reload => {}
            Seen::Closed(code) => panic!("closed with {code:?} before {title}"),
        }
    }
}

async fn create(client: &Client, title: &str) -> Value {
    client.create_task(json!({ "title": title })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_reverse_proxy() {
    let servers = Servers::fresh().await;
    let options = || believing_the_proxy(servers.host());
    let mut hosts = [Host::start_with(options()).await, Host::start_with(options()).await];
    let proxy = proxy_before(&hosts).await;
    let ana = Client::new(proxy.address()).sign_up("ana").await;

    // More than one of each, so that each host has some.
    let (mut sockets, mut streams) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        sockets.push(LiveSocket::connect(proxy.address(), &ana).await.expect("a WebSocket"));
        streams.push(LiveStream::connect(&ana, None).await.expect("a stream"));
    }
    create(&ana, "while both live").await;
    for socket in &mut sockets {
        hears("while both live", async || socket.next().await).await;
    }
    for stream in &mut streams {
        hears("while both live", async || stream.next().await).await;
    }

    let ids: Vec<String> = sockets
        .iter()
        .map(|socket| socket.last_id().expect("an id").to_owned())
        .collect();
    hosts[0].kill().await;
    // Reads and writes go on at once, at the other host.
    for n in 0..20 {
        create(&ana, &format!("while one is dead {n}")).await;
    }
    assert_eq!(ana.all("/tasks").await.len(), 21);
    // Connections of the dead host broke; those of the other did not. Whoever broke resumes where it was, and nothing is
    // missed.
    let mut broken = 0;
    for (socket, last_id) in sockets.iter_mut().zip(&ids) {
        let last = "while one is dead 19";
        loop {
            match socket.next().await {
                Seen::Event(event) if event["data"]["payload"]["title"] == last => break,
                Seen::Event(_) | Seen::Reload => {}
                Seen::Closed(_) => {
                    broken += 1;
                    let connected = eventually("a new WebSocket", || async {
                        LiveSocket::connect(proxy.address(), &ana).await.ok()
                    });
                    *socket = connected.await;
                    socket.resume(last_id).await;
                }
            }
        }
    }
    assert_eq!(broken, 1, "each host had one of two");
    let mut ended = 0;
    for stream in &mut streams {
        let id = stream.last_id().to_owned();
        loop {
            match stream.next().await {
                Seen::Event(event) if event["data"]["payload"]["title"] == "while one is dead 19" => break,
                Seen::Event(_) | Seen::Reload => {}
                Seen::Closed(_) => {
                    ended += 1;
                    *stream = LiveStream::connect(&ana, Some(&id)).await.expect("a new stream");
                }
            }
        }
    }
    assert_eq!(ended, 1, "each host had one of two");
    assert_eq!(hosts[1].stop().await, Some(0));
    servers.remove().await;
}
