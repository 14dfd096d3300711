use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::sync::watch;

use crate::{Answer, Client, PATIENCE, now_ms, rfc3339};

/// A reminder that is to fire during the run does so this long after its task's creation, at random.
const REMINDED_AFTER_MS: std::ops::Range<i64> = 1_000..4_000;

/// A write whose success the host told.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Whose task it is.
    pub user_id: String,
    /// The task.
    pub task_id: String,
    /// The version the write made.
    pub sequence: u64,
    /// The type of the event that must tell of it.
    pub event_type: &'static str,
    /// When the answer had come.
    pub at: Instant,
}

/// What became of a request in the end.
struct Reply {
    answer: Answer,
    /// Whether it was sent more than once, so that the first may have been applied without our hearing of it.
    is_repeated: bool,
}

/// One client that creates, changes, completes and deletes tasks of its own, one request at a time, and never lets go of a
/// write before it knows what became of it.
#[derive(Debug)]
pub struct Writer {
    client: Arc<Client>,
    number: usize,
    random: fastrand::Rng,
    /// Its tasks that still exist: id and version.
    tasks: Vec<(String, u64)>,
    acknowledged: Vec<Acknowledged>,
    pause: Duration,
}

impl Writer {
    /// The writer with this number, of this client's user.
    pub fn new(client: Arc<Client>, number: usize, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed.wrapping_mul(1_000).wrapping_add(number as u64));
        Self {
            client,
            number,
            random,
            tasks: Vec::new(),
            acknowledged: Vec::new(),
            pause: Duration::ZERO,
        }
    }

    /// The same with a pause after each write, so that the servers have something of the machine too.
    pub fn pausing(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Writes until told to stop, and returns what was acknowledged.
    pub async fn run(mut self, stopped: watch::Receiver<bool>) -> Vec<Acknowledged> {
        let mut count = 0;
        while !*stopped.borrow() {
            count += 1;
            match self.random.u8(0..10) {
                _ if self.tasks.is_empty() => self.create(count).await,
                0..5 => self.create(count).await,
                5..7 => self.update(count).await,
                7..9 => self.complete().await,
                _ => self.delete().await,
            }
            tokio::time::sleep(self.pause).await;
        }
        self.acknowledged
    }

    /// Creates under an idempotency key, repeating the same request until it is answered.
    async fn create(&mut self, count: usize) {
        let mut draft = json!({ "title": format!("task {count} of writer {}", self.number), "tags": ["load"] });
        match self.random.u8(0..4) {
            0 => draft["recurring_rule"] = json!("daily"),
            1 => draft["reminders"] = json!([{ "reminder_at": "2040-01-01T09:00:00Z" }]),
            2 => {
                let at = rfc3339(now_ms() + self.random.i64(REMINDED_AFTER_MS));
                draft["reminders"] = json!([{ "reminder_at": at }]);
            }
            _ => {}
        }
        draft["due_date"] = json!("2039-12-31T12:00:00Z");
        let key = format!("writer-{}-{count}", self.number);
        let Reply { answer, .. } = self
            .until_answered(|client| {
                client
                    .request(Method::POST, &client.own("/tasks"))
                    .header("idempotency-key", &key)
                    .json(&draft)
            })
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json["id"].as_str().expect("a task has an id").to_owned();
        self.acknowledge(&id, 1, "com.todo.task.created");
        self.tasks.push((id, 1));
    }

    async fn update(&mut self, count: usize) {
        let index = self.random.usize(0..self.tasks.len());
        let (id, sequence) = self.tasks[index].clone();
        let change = json!({ "title": format!("changed {count}") });
        let path = format!("/tasks/{id}");
        let Reply { answer, is_repeated } = self
            .until_answered(|client| {
                client
                    .request(Method::PATCH, &client.own(&path))
                    .header("if-match", format!("\"{sequence}\""))
                    .json(&change)
            })
            .await;
        // 412: our own request of before the kill had been applied, and only its answer was lost.
        let was_applied = is_repeated && answer.status == StatusCode::PRECONDITION_FAILED;
        assert!(was_applied || answer.status == StatusCode::OK, "{answer:?}");
        self.tasks[index].1 = sequence + 1;
        self.acknowledge(&id, sequence + 1, "com.todo.task.updated");
    }

    async fn complete(&mut self) {
        let (id, sequence) = self.tasks.swap_remove(self.random.usize(0..self.tasks.len()));
        let path = format!("/tasks/{id}/complete");
        let Reply { answer, .. } = self
            .until_answered(|client| client.request(Method::PATCH, &client.own(&path)).json(&json!({})))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json["sequence"], sequence + 1, "completed once: {answer:?}");
        self.acknowledge(&id, sequence + 1, "com.todo.task.completed");
    }

    async fn delete(&mut self) {
        let (id, sequence) = self.tasks.swap_remove(self.random.usize(0..self.tasks.len()));
        let path = format!("/tasks/{id}");
        let Reply { answer, is_repeated } = self
            .until_answered(|client| client.request(Method::DELETE, &client.own(&path)))
            .await;
        // 404: deleted by our own request of before the kill.
        let was_applied = is_repeated && answer.status == StatusCode::NOT_FOUND;
        assert!(was_applied || answer.status == StatusCode::NO_CONTENT, "{answer:?}");
        self.acknowledge(&id, sequence + 1, "com.todo.task.deleted");
    }

    fn acknowledge(&mut self, task_id: &str, sequence: u64, event_type: &'static str) {
        self.acknowledged.push(Acknowledged {
            user_id: self.client.user().id.clone(),
            task_id: task_id.to_owned(),
            sequence,
            event_type,
            at: Instant::now(),
        });
    }

    /// Sends the same request until the host answers it; a host that is down or going down does not, and one that lacks what
    /// it needs, or waited for it in vain, says when to come again.
    async fn until_answered(&self, request: impl Fn(&Client) -> reqwest::RequestBuilder) -> Reply {
        let begun = Instant::now();
        let mut is_repeated = false;
        loop {
            if let Ok(response) = request(&self.client).send().await
                && let Ok(answer) = Answer::of(response).await
            {
                if ![StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT].contains(&answer.status) {
                    return Reply { answer, is_repeated };
                }
                let seconds = answer.header("retry-after").parse::<u64>();
                assert!(
                    seconds.is_ok(),
                    "refused without a word of when to come again: {answer:?}"
                );
            }
            is_repeated = true;
            assert!(begun.elapsed() < PATIENCE, "the host does not come back");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
