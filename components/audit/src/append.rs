//! Appending: one insert for each event, a whole batch in one commit.

use dayloom_domain::event::RawEvent;
use dayloom_kit::consume::{Delivery, Outcome, in_few_commits};
use dayloom_kit::storage::{Commit, Statement, Value, expecting};

/// Bytes of an id, a type or a correlation id at most. Ours have at most 40; a foreign producer's must still fit an index
/// entry (2,704 bytes in PostgreSQL) twice over.
const NAME_BYTES_MAX: usize = 256;

const INSERT: &str = "INSERT INTO audit_logs \
    (user_id, occurred_at, event_id, event_type, task_id, sequence, correlation_id, payload, previous) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
    ON CONFLICT (user_id, occurred_at, event_id) DO NOTHING";

/// Stores what is an event about a task, of whatever type, and rejects everything else.
pub(crate) fn handle(deliveries: Vec<Delivery>) -> Vec<Outcome> {
    in_few_commits(&deliveries, |delivery| {
        let insert = insert(&delivery.body).map_err(Outcome::Reject)?;
        Ok(Commit {
            statements: vec![insert],
            events: Vec::new(),
        })
    })
}

/// The row of an event; the reason why there can be none is for the dead letter.
fn insert(body: &[u8]) -> Result<Statement, String> {
    let event = RawEvent::parse(body).map_err(|error| error.to_string())?;
    let data = event.data;
    for (member, text) in [
        ("id", &event.id),
        ("type", &event.type_name),
        ("user_id", &data.user_id),
        ("correlation_id", &data.correlation_id),
    ] {
        if text.is_empty() || text.len() > NAME_BYTES_MAX {
            return Err(format!("{member} is not 1 to {NAME_BYTES_MAX} bytes long"));
        }
    }
    let sequence = i64::try_from(data.sequence).map_err(|_| "sequence is beyond 63 bits".to_owned())?;
    let params = vec![
        Value::from(data.user_id.into_owned()),
        Value::from(event.time.as_ms()),
        Value::from(event.id.into_owned()),
        Value::from(event.type_name.into_owned()),
        Value::from(data.task_id.to_string()),
        Value::from(sequence),
        Value::from(data.correlation_id.into_owned()),
        Value::from(data.payload.get()),
        Value::from(data.previous.map(|previous| previous.get())),
    ];
    Ok(expecting(1, INSERT, params))
}

#[cfg(test)]
mod tests {
    use dayloom_kit::storage::Value;

    use super::{NAME_BYTES_MAX, insert};

    fn event(id: &str, kind: &str, sequence: &str, rest: &str) -> String {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/elsewhere","type":"{kind}","time":"2026-11-21T09:30:00.5Z",
               "extension":1,"data":{{"task_id":"019AA4F6-2f00-7c3b-9d5e-3a1f0c6b7d21","user_id":"u-1","sequence":{sequence},
               "idempotency_key":"k","correlation_id":"c","payload":{{ "title" : "é" }}{rest}}}}}"#
        )
    }

    #[test]
    fn a_row_holds_the_event_with_its_payload_untouched() {
        let body = event("e-1", "com.todo.task.renamed", "7", r#","previous":{"title":1.50}"#);
        let statement = insert(body.as_bytes()).unwrap();
        assert_eq!(statement.expected_changes, Some(1));
        let text = |text: &str| Value::from(text);
        assert_eq!(
            format!("{:?}", statement.params),
            format!(
                "{:?}",
                [
                    text("u-1"),
                    Value::from(1_795_253_400_500),
                    text("e-1"),
                    text("com.todo.task.renamed"),
                    text("019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21"),
                    Value::from(7),
                    text("c"),
                    text(r#"{ "title" : "é" }"#),
                    text(r#"{"title":1.50}"#),
                ]
            )
        );
    }

    #[test]
    fn previous_is_null_when_there_is_none() {
        for rest in ["", r#","previous":null"#] {
            let statement = insert(event("e", "t", "1", rest).as_bytes()).unwrap();
            assert!(matches!(statement.params.last(), Some(Value::Null)), "{rest}");
        }
    }

    #[test]
    fn what_is_no_event_about_a_task_is_refused() {
        let longest = "x".repeat(NAME_BYTES_MAX);
        assert!(insert(event(&longest, "t", "1", "").as_bytes()).is_ok());
        for bad in [
            event(&format!("{longest}x"), "t", "1", ""),
            event("", "t", "1", ""),
            event("e", "", "1", ""),
            event("e", "t", "-1", ""),
            event("e", "t", "9223372036854775808", ""),
            event("e", "t", "1", "}"),
            "null".to_owned(),
            String::new(),
        ] {
            assert!(insert(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(insert(b"\xff\xfe").is_err());
    }
}
