//! The texts of the application's components, on its own migrations.

use dayloom_ports::Value::{Integer, Null};
use dayloom_ports::conformance::fixture::{commit, owner, statement, text};
use dayloom_ports::{Grant, Storage, TopicMap, Value};
use dayloom_postgres::PostgresStore;

use crate::support::Database;

/// Tables of the application, all granted to one component.
const TABLES: [&str; 15] = [
    "users",
    "sessions",
    "signing_keys",
    "tasks",
    "task_tags",
    "deleted_tasks",
    "idempotency_keys",
    "audit_logs",
    "recurrence_inbox",
    "notifications",
    "delivery_attempts",
    "notification_preferences",
    "reminder_timers",
    "reminder_tasks",
    "notifications_inbox",
];

const COLUMNS: &str = "id, parent_id, created_at, title, description, status, priority, tags, category, due_date, time_zone, \
    reminders, recurring_rule, recurring_end_date, recurrence_from, sequence, updated_at, completed_at";

/// The texts in the form in which the components send them. A text with its parameters: `i` an integer, `t` text, `n` null.
const CHANGES: &[(&str, &str)] = &[
    (
        "INSERT INTO users (id, email, email_key, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        "ttttti",
    ),
    (
        "INSERT INTO users (id, email, email_key, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email_key) DO NOTHING",
        "ttttti",
    ),
    ("DELETE FROM sessions WHERE id = $1 AND user_id = $2", "tt"),
    ("DELETE FROM delivery_attempts WHERE notification_id = $1", "t"),
    ("DELETE FROM notifications WHERE user_id = $1 AND id = $2", "tt"),
    (
        "DELETE FROM reminder_tasks WHERE task_id IN (SELECT task_id FROM reminder_tasks WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)",
        "ii",
    ),
    (
        "INSERT INTO sessions (id, secret_hash, user_id, user_agent, created_at, last_seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        "tttniii",
    ),
    (
        "UPDATE sessions SET last_seen_at = $2, expires_at = $3 WHERE id = $1",
        "tii",
    ),
    (
        "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3",
        "ttt",
    ),
    (
        "INSERT INTO signing_keys (id, generation, public_key, sealed_key_pair, created_at, signs_from) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        "tittii",
    ),
    (
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        "ii",
    ),
    ("DELETE FROM signing_keys WHERE id = $1", "t"),
    (
        "INSERT INTO tasks (user_id, id, parent_id, created_at, title, title_folded, description, description_folded, status, priority, tags, category, due_date, due_at, time_zone, reminders, recurring_rule, recurring_end_date, recurrence_from, sequence, updated_at, completed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        "ttnittnntinnnntnnntiin",
    ),
    (
        "UPDATE tasks SET title = $4, title_folded = $5, description = $6, description_folded = $7, status = $8, priority = $9, tags = $10, category = $11, due_date = $12, due_at = $13, time_zone = $14, reminders = $15, recurring_rule = $16, recurring_end_date = $17, recurrence_from = $18, sequence = $19, updated_at = $20, completed_at = $21 WHERE user_id = $1 AND id = $2 AND sequence = $3",
        "ttitttttitttitnnntiin",
    ),
    (
        "INSERT INTO task_tags (user_id, tag, task_id) VALUES ($1, $2, $3)",
        "ttt",
    ),
    (
        "DELETE FROM task_tags WHERE user_id = $1 AND tag = $2 AND task_id = $3",
        "ttt",
    ),
    (
        "INSERT INTO deleted_tasks (user_id, id, sequence) VALUES ($1, $2, $3)",
        "tti",
    ),
    (
        "DELETE FROM deleted_tasks WHERE user_id = $1 AND id = $2 AND sequence = $3",
        "tti",
    ),
    (
        "DELETE FROM tasks WHERE user_id = $1 AND id = $2 AND sequence = $3",
        "tti",
    ),
    (
        "INSERT INTO idempotency_keys (user_id, idempotency_key, request_hash, task_id, answer, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, idempotency_key) DO NOTHING",
        "ttttti",
    ),
    (
        "DELETE FROM idempotency_keys WHERE (user_id, idempotency_key) IN (SELECT user_id, idempotency_key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
        "ii",
    ),
    (
        "INSERT INTO audit_logs (user_id, occurred_at, event_id, event_type, task_id, sequence, correlation_id, payload, previous) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (user_id, occurred_at, event_id) DO NOTHING",
        "titttittn",
    ),
    (
        "INSERT INTO recurrence_inbox (event_id, seen_at) VALUES ($1, $2) ON CONFLICT (event_id) DO NOTHING",
        "ti",
    ),
    ("DELETE FROM notifications_inbox WHERE seen_at < $1", "i"),
    (
        "INSERT INTO notification_preferences (user_id, in_app, quiet_start, quiet_end, quiet_zone) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO UPDATE SET in_app = excluded.in_app, quiet_start = excluded.quiet_start, quiet_end = excluded.quiet_end, quiet_zone = excluded.quiet_zone",
        "tinnn",
    ),
    (
        "INSERT INTO reminder_tasks (task_id, closed_at_sequence, seen_at) VALUES ($1, 0, $2) ON CONFLICT (task_id) DO UPDATE SET seen_at = excluded.seen_at",
        "ti",
    ),
    (
        "INSERT INTO reminder_timers (reminder_id, user_id, task_id, sequence, state, remind_at, correlation_id, payload, changed_at) VALUES ($1, $2, $3, $4, CASE WHEN EXISTS (SELECT 1 FROM reminder_tasks WHERE task_id = $3 AND closed_at_sequence >= $4) THEN 'cancelled' ELSE 'pending' END, $5, $6, $7, $8) ON CONFLICT (reminder_id) DO UPDATE SET sequence = excluded.sequence, state = CASE WHEN reminder_timers.state = 'fired' AND reminder_timers.remind_at = excluded.remind_at THEN 'fired' ELSE excluded.state END, remind_at = excluded.remind_at, correlation_id = excluded.correlation_id, payload = excluded.payload, changed_at = excluded.changed_at WHERE excluded.sequence > reminder_timers.sequence",
        "tttiitti",
    ),
    (
        "INSERT INTO reminder_timers (reminder_id, user_id, task_id, sequence, state, remind_at, correlation_id, payload, changed_at) VALUES ($1, $2, $3, $4, 'cancelled', $5, $6, $7, $8) ON CONFLICT (reminder_id) DO UPDATE SET sequence = excluded.sequence, state = CASE WHEN reminder_timers.state = 'fired' THEN 'fired' ELSE 'cancelled' END, changed_at = excluded.changed_at WHERE excluded.sequence > reminder_timers.sequence",
        "tttiitti",
    ),
    (
        "INSERT INTO reminder_tasks (task_id, closed_at_sequence, seen_at) VALUES ($1, $2, $3) ON CONFLICT (task_id) DO UPDATE SET seen_at = excluded.seen_at, closed_at_sequence = CASE WHEN excluded.closed_at_sequence > reminder_tasks.closed_at_sequence THEN excluded.closed_at_sequence ELSE reminder_tasks.closed_at_sequence END",
        "tii",
    ),
    (
        "UPDATE reminder_timers SET state = 'cancelled', changed_at = $3 WHERE task_id = $1 AND state = 'pending' AND sequence <= $2",
        "tii",
    ),
    (
        "UPDATE reminder_timers SET state = 'fired', changed_at = $3 WHERE reminder_id = $1 AND state = 'pending' AND sequence = $2",
        "tii",
    ),
    (
        "DELETE FROM reminder_timers WHERE reminder_id IN (SELECT reminder_id FROM reminder_timers WHERE state <> 'pending' AND changed_at < $1 ORDER BY changed_at LIMIT $2)",
        "ii",
    ),
    (
        "INSERT INTO notifications (user_id, id, kind, task_id, title, body, created_at, read_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        "ttttttin",
    ),
    (
        "UPDATE notifications SET read_at = $3 WHERE user_id = $1 AND id = $2",
        "ttn",
    ),
    (
        "UPDATE notifications SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL",
        "ti",
    ),
    (
        "INSERT INTO delivery_attempts (notification_id, channel, outcome, attempts, due_at) VALUES ($1, $2, $3, $4, $5)",
        "tttii",
    ),
];

const QUERIES: &[(&str, &str)] = &[
    ("SELECT id FROM tasks LIMIT 1", ""),
    ("SELECT event_id FROM recurrence_inbox LIMIT 1", ""),
    ("SELECT event_id FROM audit_logs LIMIT 1", ""),
    ("SELECT id FROM notifications LIMIT 1", ""),
    ("SELECT id FROM tasks WHERE user_id = $1 AND parent_id = $2", "tt"),
    (
        "SELECT sequence FROM deleted_tasks WHERE user_id = $1 AND id = $2",
        "tt",
    ),
    (
        "SELECT s.id, u.id, u.email, u.name, s.created_at, s.last_seen_at, s.expires_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.secret_hash = $1 AND s.expires_at > $2",
        "ti",
    ),
    (
        "SELECT id FROM sessions WHERE user_id = $1 ORDER BY last_seen_at DESC, id DESC LIMIT $2 OFFSET $3",
        "tii",
    ),
    (
        "SELECT id, user_agent, created_at, last_seen_at, expires_at FROM sessions WHERE user_id = $1 AND expires_at > $2 AND id < $3 ORDER BY id DESC LIMIT $4",
        "titi",
    ),
    (
        "SELECT id, generation, created_at, signs_from, public_key, sealed_key_pair FROM signing_keys ORDER BY generation DESC LIMIT $1",
        "i",
    ),
    (
        "SELECT event_id FROM audit_logs WHERE user_id = $1 AND task_id = $2 AND event_type = $3 AND occurred_at >= $4 AND occurred_at < $5 AND (occurred_at, event_id) < ($6, $7) ORDER BY occurred_at DESC, event_id DESC LIMIT $8",
        "tttiiiti",
    ),
    (
        "SELECT in_app, quiet_start, quiet_end, quiet_zone FROM notification_preferences WHERE user_id = $1",
        "t",
    ),
    (
        "SELECT reminder_id, user_id, task_id, sequence, remind_at, correlation_id, payload FROM reminder_timers WHERE state = 'pending' AND remind_at <= $1 ORDER BY remind_at LIMIT $2",
        "ii",
    ),
    (
        "SELECT {} FROM tasks WHERE user_id = $1 AND status = $2 AND priority = $3 AND id IN (SELECT task_id FROM task_tags WHERE user_id = $1 AND tag = $4) AND category = $5 AND due_at >= $6 AND due_at < $7 AND (title_folded LIKE $8 ESCAPE '!' OR description_folded LIKE $8 ESCAPE '!') ORDER BY id DESC LIMIT $9",
        "ttittiiti",
    ),
    (
        "SELECT {} FROM tasks WHERE user_id = $1 AND (title_folded, id) > ($2, $3) ORDER BY title_folded, id LIMIT $4",
        "ttti",
    ),
    (
        "SELECT {} FROM tasks WHERE user_id = $1 AND (COALESCE(due_at, -9000000000000000000), id) < ($2, $3) ORDER BY COALESCE(due_at, -9000000000000000000) DESC, id DESC LIMIT $4",
        "titi",
    ),
    (
        "SELECT request_hash, task_id, answer FROM idempotency_keys WHERE user_id = $1 AND idempotency_key = $2",
        "tt",
    ),
];

fn params(kinds: &str) -> Vec<Value> {
    let value = |kind| match kind {
        'i' => Integer(1),
        't' => text("x"),
        _ => Null,
    };
    kinds.chars().map(value).collect()
}

#[tokio::test]
async fn the_application_runs_unchanged() {
    let database = Database::new().await;
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/../../components/migrations");
    let grant = Grant {
        tables: TABLES.map(str::to_owned).into(),
        publishes: vec![],
    };
    let grants = [("owner".into(), grant)].into();
    let store = PostgresStore::open(database.config(), grants, TopicMap::default(), migrations.as_ref())
        .await
        .expect("the application's migrations run as they are");
    for (sql, kinds) in CHANGES {
        let answer = commit(&*store, [statement(sql, params(kinds))], []).await;
        assert!(answer.is_ok(), "{sql}: {answer:?}");
    }
    for (sql, kinds) in QUERIES {
        let sql = sql.replace("{}", COLUMNS);
        let answer = store.query(&owner(), &sql, &params(kinds)).await;
        assert!(answer.is_ok(), "{sql}: {answer:?}");
    }
    let sql = "SELECT id, email, name, password_hash FROM users WHERE email_key = $1";
    let user = store.query(&owner(), sql, &[text("x")]).await;
    assert_eq!(user, Ok(vec![vec![text("x"); 4]]));
}
