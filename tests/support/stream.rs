use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::{Client, PATIENCE, Seen};

/// A stream of Server-Sent Events of one user, past the line that says from where it listens.
#[derive(Debug)]
pub struct LiveStream {
    response: Response,
    /// What has come of the next block.
    pending: String,
    last_id: String,
}

impl LiveStream {
    /// Connects, resuming after the message with this id if there is one, and waits until it listens.
    ///
    /// # Errors
    /// The status, if the host does not hold the connection; none if it broke.
    pub async fn connect(client: &Client, after: Option<&str>) -> Result<Self, Option<StatusCode>> {
        let request = client.request(Method::GET, &format!("/api/sse/{}", client.user().id));
        let request = match after {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let response = request.send().await.map_err(|_| None)?;
        if response.status() != StatusCode::OK {
            return Err(Some(response.status()));
        }
        let mut live = Self {
            response,
            pending: String::new(),
            last_id: String::new(),
        };
        while live.last_id.is_empty() {
            let block = live.block().await.ok_or(None)?;
            live.note_id(&block);
        }
        Ok(live)
    }

    /// The id to resume from.
    pub fn last_id(&self) -> &str {
        &self.last_id
    }

    /// The next event, reload or end; panics if none comes in time.
    pub async fn next(&mut self) -> Seen {
        tokio::time::timeout(PATIENCE, self.next_ever())
            .await
            .expect("something arrives on the live stream")
    }

    /// The next event, reload or end, or none within `wait`.
    pub async fn next_within(&mut self, wait: Duration) -> Option<Seen> {
        tokio::time::timeout(wait, self.next_ever()).await.ok()
    }

    async fn next_ever(&mut self) -> Seen {
        while let Some(block) = self.block().await {
            self.note_id(&block);
            let Some(data) = field(&block, "data") else { continue };
            if field(&block, "event") == Some("reload") {
                return Seen::Reload;
            }
            let event: Value = serde_json::from_str(data).expect("an event is JSON");
            return Seen::Event(event);
        }
        Seen::Closed(None)
    }

    fn note_id(&mut self, block: &str) {
        if let Some(id) = field(block, "id") {
            id.clone_into(&mut self.last_id);
        }
    }

    /// Lines up to an empty one; none at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.pending.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.pending = rest;
                return Some(block);
            }
            // A connection that breaks is one that ends.
            let chunk = self.response.chunk().await.ok()??;
            self.pending += std::str::from_utf8(&chunk).expect("whole characters: the events of the tests are ASCII");
        }
    }
}

fn field<'a>(block: &'a str, name: &str) -> Option<&'a str> {
    block
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
