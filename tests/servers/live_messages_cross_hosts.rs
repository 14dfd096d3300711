//! A change made through one host is seen on a live connection of the other, whichever way it is made and heard; and who moves
//! to the other host resumes there.

use dayloom_tests::{Client, Host, LiveSocket, LiveStream, Seen, Servers};
use serde_json::json;

/// The title of the next event about a task.
async fn title(seen: Seen) -> String {
    match seen {
        Seen::Event(event) => event["data"]["payload"]["title"].as_str().expect("a title").to_owned(),
        other => panic!("an event was expected: {other:?}"),
    }
}

async fn create(client: &Client, title: &str) {
    client.create_task(json!({ "title": title })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_made_through_one_host_is_seen_on_a_socket_of_the_other() {
    let servers = Servers::fresh().await;
    let mut hosts = [
        Host::start_with(servers.host()).await,
        Host::start_with(servers.host()).await,
    ];
    let ana = hosts[0].client().sign_up("ana").await;
    let user = ana.user().clone();
    let clients = hosts.each_ref().map(|host| host.client().as_user(user.clone()));

    for (here, there) in [(0, 1), (1, 0)] {
        let mut socket = LiveSocket::connect(hosts[there].address(), &ana)
            .await
            .expect("a connection");
        let mut stream = LiveStream::connect(&clients[there], None).await.expect("a connection");
        let heard = format!("through {here}");
        create(&clients[here], &heard).await;
        assert_eq!(title(socket.next().await).await, heard);
        assert_eq!(title(stream.next().await).await, heard);

        // What happens while nobody is connected is told by the other host, by the id that this one gave.
        let (socket_id, stream_id) = (socket.last_id().expect("an id").to_owned(), stream.last_id().to_owned());
        drop((socket, stream));
        let missed = format!("missed by {there}");
        create(&clients[there], &missed).await;
        let mut socket = LiveSocket::connect(hosts[here].address(), &ana)
            .await
            .expect("a connection");
        socket.resume(&socket_id).await;
        let mut stream = LiveStream::connect(&clients[here], Some(&stream_id))
            .await
            .expect("a connection");
        assert_eq!(title(socket.next().await).await, missed);
        assert_eq!(title(stream.next().await).await, missed);
    }
    for host in &mut hosts {
        assert_eq!(host.stop().await, Some(0));
    }
    servers.remove().await;
}
