use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;

use crate::{Client, LiveSocket, LiveStream, PATIENCE, Seen};

/// How long the line must be silent, once everything is delivered, before the listener calls it a day.
const SILENCE: Duration = Duration::from_millis(1_500);

/// Messages of one user that a host surely still has: 2 MiB of them, each kept in two framings of at most 4 KiB. What is older
/// may come again.
const RING_MESSAGES: usize = 256;

/// The latest messages of a connection.
#[derive(Debug, Default)]
struct Ring {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Ring {
    /// Whether the message is new.
    fn take(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > RING_MESSAGES
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

/// A user's open tab: it follows every event, reconnects when the connection breaks or is not made in time, resumes, and keeps
/// the rules of a client (an event that is not newer than what it has is dropped).
#[derive(Debug)]
pub struct Listener {
    /// Where the WebSocket is; none for a stream of Server-Sent Events, at the client's own address.
    socket_at: Option<String>,
    client: Arc<Client>,
    heard: Heard,
}

/// An open connection, of either kind.
enum Line {
    Socket(LiveSocket),
    Stream(LiveStream),
}

impl Line {
    async fn next_within(&mut self, wait: Duration) -> Option<Seen> {
        match self {
            Self::Socket(socket) => socket.next_within(wait).await,
            Self::Stream(stream) => stream.next_within(wait).await,
        }
    }

    /// The id of the last message.
    fn last_id(&self) -> Option<String> {
        match self {
            Self::Socket(socket) => socket.last_id().map(str::to_owned),
            Self::Stream(stream) => Some(stream.last_id().to_owned()),
        }
    }
}

/// What reached it.
#[derive(Debug, Default)]
pub struct Heard {
    /// Who listened.
    pub user_id: String,
    /// `(task, sequence, type)` of every task event that was new to it.
    pub applied: HashSet<(String, u64, String)>,
    /// Moments at which it was told to load everything anew: whatever was acknowledged before is covered by that.
    pub reloads: Vec<Instant>,
    /// Events that came again while the host must still have known that they were sent: there must be none.
    pub repeated: Vec<String>,
    /// Events of somebody else: there must be none.
    pub foreign: Vec<String>,
}

impl Listener {
    /// A tab of this client's user, on the host at `address`.
    pub fn new(address: &str, client: Arc<Client>) -> Self {
        Self::of(Some(address.to_owned()), client)
    }

    /// The same where there are no WebSockets: over Server-Sent Events.
    pub fn of_stream(client: Arc<Client>) -> Self {
        Self::of(None, client)
    }

    fn of(socket_at: Option<String>, client: Arc<Client>) -> Self {
        let heard = Heard {
            user_id: client.user().id.clone(),
            ..Heard::default()
        };
        Self {
            socket_at,
            client,
            heard,
        }
    }

    /// Listens until told to stop and the line is silent.
    pub async fn run(mut self, stopped: watch::Receiver<bool>) -> Heard {
        let mut last_id: Option<String> = None;
        let mut newest: HashMap<String, u64> = HashMap::new();
        loop {
            let connected = self.connect(last_id.as_deref());
            let Ok(Some(mut line)) = tokio::time::timeout(PATIENCE, connected).await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            if last_id.is_none() {
                // Nothing to resume from: what came before this moment must be loaded.
                self.heard.reloads.push(Instant::now());
            }
            let mut sent = Ring::default();
            loop {
                match line.next_within(SILENCE).await {
                    None if *stopped.borrow() => return self.heard,
                    None => {}
                    Some(Seen::Closed(_)) => break,
                    Some(Seen::Reload) => {
                        self.heard.reloads.push(Instant::now());
                        sent = Ring::default();
                    }
                    Some(Seen::Event(event)) => {
                        let id = event["id"].as_str().unwrap_or_default().to_owned();
                        if !sent.take(&id) {
                            self.heard.repeated.push(id);
                        }
                        self.hear(&event, &mut newest);
                    }
                }
                last_id = line.last_id().or(last_id);
            }
        }
    }

    /// A connection that goes on after that message.
    async fn connect(&self, after: Option<&str>) -> Option<Line> {
        let Some(address) = &self.socket_at else {
            return LiveStream::connect(&self.client, after).await.ok().map(Line::Stream);
        };
        let mut socket = LiveSocket::connect(address, &self.client).await.ok()?;
        if let Some(id) = after {
            socket.resume(id).await;
        }
        Some(Line::Socket(socket))
    }

    fn hear(&mut self, event: &Value, newest: &mut HashMap<String, u64>) {
        let data = &event["data"];
        if data["user_id"] != self.heard.user_id.as_str() {
            self.heard.foreign.push(event.to_string());
            return;
        }
        let event_type = event["type"].as_str().unwrap_or_default();
        if !event_type.starts_with("com.todo.task.") {
            return;
        }
        let task = data["task_id"].as_str().unwrap_or_default().to_owned();
        let sequence = data["sequence"].as_u64().unwrap_or_default();
        let known = newest.entry(task.clone()).or_default();
        if sequence > *known {
            *known = sequence;
            self.heard.applied.insert((task, sequence, event_type.to_owned()));
        }
    }
}
