//! What is heard is passed on: each event to the connections of the user it belongs to, as it is.

use std::borrow::Cow;

use dayloom_kit::bindings::dayloom::platform::broadcast::{self, Error, Message};
use dayloom_kit::consume::{Delivery, Outcome};
use serde::Deserialize;

/// Messages in one call at most, by the platform's contract.
const MESSAGES_MAX: usize = 1_000;
/// Bytes of a message at most, by the platform's contract; no event of ours is larger.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Bytes of an id at most; ours have 36. They are kept with every message, on every host.
const ID_BYTES_MAX: usize = 128;

/// All that must be known of an event to pass it on.
#[derive(Deserialize)]
struct Addressed<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    data: Owned<'a>,
}

#[derive(Deserialize)]
struct Owned<'a> {
    #[serde(borrow)]
    user_id: Cow<'a, str>,
}

/// Passes the events on in order. What is no event of a user is rejected.
pub(crate) fn handle(deliveries: Vec<Delivery>) -> Vec<Outcome> {
    pass_on(deliveries, broadcast::send)
}

fn pass_on(deliveries: Vec<Delivery>, send: impl Fn(&[Message]) -> Result<(), Error>) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::Done; deliveries.len()];
    let (mut indexes, mut messages) = (Vec::new(), Vec::new());
    for (index, delivery) in deliveries.into_iter().enumerate() {
        match message(delivery.body) {
            Ok(message) => {
                indexes.push(index);
                messages.push(message);
            }
            Err(reason) => outcomes[index] = Outcome::Reject(reason),
        }
    }
    for (indexes, messages) in indexes.chunks(MESSAGES_MAX).zip(messages.chunks(MESSAGES_MAX)) {
        match send(messages) {
            Ok(()) => {}
            Err(Error::Invalid(_)) => {
                // One of them is at fault, and the others must not suffer for it.
                for (index, message) in indexes.iter().zip(messages) {
                    if let Err(error) = send(std::slice::from_ref(message)) {
                        outcomes[*index] = failure(error);
                    }
                }
            }
            Err(error) => indexes
                .iter()
                .for_each(|index| outcomes[*index] = failure(error.clone())),
        }
    }
    outcomes
}

fn failure(error: Error) -> Outcome {
    match error {
        Error::Invalid(reason) => Outcome::Reject(reason),
        Error::Unavailable(reason) => Outcome::Retry(reason),
    }
}

fn message(body: Vec<u8>) -> Result<Message, String> {
    if body.len() > BODY_BYTES_MAX {
        return Err(format!("over {BODY_BYTES_MAX} bytes"));
    }
    let event: Addressed = serde_json::from_slice(&body).map_err(|error| format!("malformed event: {error}"))?;
    let (event_id, user_id) = (event.id.into_owned(), event.data.user_id.into_owned());
    for (member, id) in [("id", &event_id), ("user_id", &user_id)] {
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return Err(format!("{member} is not 1 to {ID_BYTES_MAX} bytes long"));
        }
    }
    let body = String::from_utf8(body).map_err(|error| error.to_string())?;
    Ok(Message {
        user_id,
        event_id,
        body,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use dayloom_kit::bindings::dayloom::platform::broadcast::{Error, Message};
    use dayloom_kit::consume::{Delivery, Outcome};

    use super::{BODY_BYTES_MAX, MESSAGES_MAX, message, pass_on};

    fn event(id: &str) -> Delivery {
        Delivery {
            topic: "task-updates".into(),
            key: String::new(),
            attempt: 1,
            body: format!(r#"{{ "id":"{id}", "type":"t", "data":{{"user_id":"u","payload":{{"a":1.50}}}}}}"#).into(),
        }
    }

    fn ids(messages: &[Message]) -> Vec<String> {
        messages.iter().map(|message| message.event_id.clone()).collect()
    }

    #[test]
    fn an_event_goes_to_its_user_as_it_is() {
        let body = event("e").body;
        let message = message(body.clone()).unwrap();
        assert_eq!((message.user_id.as_str(), message.event_id.as_str()), ("u", "e"));
        assert_eq!(message.body.as_bytes(), body);
    }

    #[test]
    fn what_is_no_event_of_a_user_is_rejected_alone() {
        let sent = RefCell::new(Vec::new());
        let bad = [
            "",
            "{",
            "[]",
            r#"{"id":"e","data":{}}"#,
            r#"{"id":"","data":{"user_id":"u"}}"#,
            r#"{"id":"e","data":{"user_id":""}}"#,
            r#"{"id":"e","data":{"user_id":"u"}} x"#,
        ];
        let mut deliveries = vec![event("1")];
        deliveries.extend(bad.map(|body| Delivery {
            body: body.into(),
            ..event("")
        }));
        deliveries.push(Delivery {
            body: b"{\"id\":\"e\",\"data\":{\"user_id\":\"u\"},\"x\":\"\xff\"}".into(),
            ..event("")
        });
        deliveries.push(event("2"));
        let outcomes = pass_on(deliveries, |messages| {
            sent.borrow_mut().extend(ids(messages));
            Ok(())
        });
        assert_eq!(*sent.borrow(), ["1", "2"]);
        assert_eq!(
            (&outcomes[0], &outcomes[outcomes.len() - 1]),
            (&Outcome::Done, &Outcome::Done)
        );
        assert!(
            outcomes[1..outcomes.len() - 1]
                .iter()
                .all(|outcome| matches!(outcome, Outcome::Reject(_)))
        );
    }

    #[test]
    fn a_body_may_be_as_long_as_the_contract_says() {
        let body = |bytes: usize| {
            let mut body = event("e").body;
            body.resize(bytes, b' ');
            body
        };
        assert!(message(body(BODY_BYTES_MAX)).is_ok());
        assert!(message(body(BODY_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn an_outage_is_retried_and_calls_stay_within_their_limit() {
        let sizes = RefCell::new(Vec::new());
        let deliveries = (0..=MESSAGES_MAX).map(|n| event(&n.to_string())).collect();
        let outcomes = pass_on(deliveries, |messages| {
            sizes.borrow_mut().push(messages.len());
            match messages.len() {
                MESSAGES_MAX => Ok(()),
                _ => Err(Error::Unavailable("away".into())),
            }
        });
        assert_eq!(*sizes.borrow(), [MESSAGES_MAX, 1]);
        assert_eq!(outcomes[MESSAGES_MAX - 1], Outcome::Done);
        assert_eq!(outcomes[MESSAGES_MAX], Outcome::Retry("away".into()));
    }

    #[test]
    fn one_refused_message_does_not_take_the_others_with_it() {
        let refuse_b = |messages: &[Message]| match ids(messages).contains(&"b".to_owned()) {
            true => Err(Error::Invalid("b".into())),
            false => Ok(()),
        };
        let outcomes = pass_on(vec![event("a"), event("b"), event("c")], refuse_b);
        assert_eq!(outcomes, [Outcome::Done, Outcome::Reject("b".into()), Outcome::Done]);
    }
}
