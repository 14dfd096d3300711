//! A host that runs a part of the components serves that part, and asks the others where the application is.

use dayloom_tests::{Client, Host, HostOptions, Servers, eventually};
use serde_json::json;

/// Where the first host would ask for the trail; it has no reason to.
const NOBODY: &str = "http://127.0.0.1:9";

fn part(servers: &Servers, components: &str, application: &str) -> HostOptions {
    let mut options = servers.host();
    for (name, value) in [
        ("DAYLOOM_COMPONENTS", components),
        ("DAYLOOM_APPLICATION_URL", application),
    ] {
        options.env.push((name.to_owned(), value.to_owned()));
    }
    options
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partial_host_asks_the_others() {
    let servers = Servers::fresh().await;
    let mut tasks = Host::start_with(part(&servers, "auth,tasks,web", NOBODY)).await;
    let application = format!("http://{}", tasks.address());
    let mut trail = Host::start_with(part(&servers, "audit", &application)).await;

    let ana = tasks.client().sign_up("ana").await;
    let task = ana.create_task(json!({ "title": "written here" })).await;
    // The same person at the other host, which has the keys of nobody but by asking.
    let there = Client::new(trail.address()).as_user(ana.user().clone());
    eventually("the other host keeps the trail and shows it", || async {
        let entries = there.all("/audit-logs").await;
        entries.iter().any(|entry| entry["task_id"] == task["id"]).then_some(())
    })
    .await;
    // What runs elsewhere is not here, and not what a wider route would make of it.
    assert_eq!(there.get(&there.own("/tasks")).await.status, 404);
    assert_eq!(ana.get(&ana.own("/audit-logs")).await.status, 404);

    for host in [&mut tasks, &mut trail] {
        assert_eq!(host.stop().await, Some(0), "{}", host.log());
    }
    servers.remove().await;
}
