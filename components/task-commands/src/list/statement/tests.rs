use dayloom_domain::{Priority, Stamp, Status, Task, TaskDraft, UserId};
use dayloom_kit::storage::Value;

use super::select;
use crate::database::Database;
use crate::list::{Cursor, Filter, Sort};
use crate::row::{columns, read};
use crate::{creation, write};

fn user() -> UserId {
    UserId::new("u")
}

fn add(database: &Database, owner: &UserId, json: &str) -> Task {
    let draft: TaskDraft = serde_json::from_str(json).unwrap();
    let stamp = Stamp {
        source: "/dayloom/test",
        correlation_id: "c",
    };
    let creation = creation(draft, owner.clone(), None, stamp).unwrap();
    database.apply(|commit| *commit = creation.commit).unwrap();
    creation.task
}

/// Titles of all pages of `limit`, in order.
fn titles(database: &Database, filter: &Filter, sort: Sort, limit: usize) -> Vec<String> {
    let mut titles = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let (sql, params) = select(&user(), filter, sort, after.as_ref(), limit);
        let page: Vec<Task> = database
            .query(&sql, &params)
            .into_iter()
            .map(|row| read(&user(), row).unwrap())
            .collect();
        titles.extend(page.iter().map(|task| task.title.clone()));
        // Through its text, as a client sends it back.
        after = page.last().map(|last| {
            let text = serde_json::to_string(&Cursor::after(sort, last)).unwrap();
            let cursor: Cursor = serde_json::from_str(&text).unwrap();
            assert!(cursor.is_of(sort), "{text}");
            cursor
        });
        if page.len() < limit {
            return titles;
        }
    }
}

fn sample() -> Database {
    let database = Database::new();
    for json in [
        r#"{"title":"bread","due_date":"2026-11-22","priority":"low","tags":["home","shop"],"category":"a"}"#,
        r#"{"title":"Äpfel","priority":"urgent","status":"in_progress"}"#,
        r#"{"title":"Anna","due_date":"2026-11-21T12:00:00Z","priority":"high","tags":["shop"],"description":"100% of A_B"}"#,
        r#"{"title":"cake","priority":"low","status":"completed","category":"b"}"#,
        r#"{"title":"ANNA","due_date":"2026-11-21T12:00:00Z","priority":"urgent"}"#,
    ] {
        add(&database, &user(), json);
    }
    add(
        &database,
        &UserId::new("other"),
        r#"{"title":"secret","tags":["shop"]}"#,
    );
    database
}

#[test]
fn every_sort_gives_every_task_once_in_order_whatever_the_page_size() {
    let cases = [
        (Sort::CreatedAt, ["bread", "Äpfel", "Anna", "cake", "ANNA"]),
        (Sort::CreatedAtDescending, ["ANNA", "cake", "Anna", "Äpfel", "bread"]),
        (Sort::UpdatedAt, ["bread", "Äpfel", "Anna", "cake", "ANNA"]),
        (Sort::UpdatedAtDescending, ["ANNA", "cake", "Anna", "Äpfel", "bread"]),
        (Sort::DueDate, ["Anna", "ANNA", "bread", "Äpfel", "cake"]),
        (Sort::DueDateDescending, ["bread", "ANNA", "Anna", "cake", "Äpfel"]),
        (Sort::Priority, ["bread", "cake", "Anna", "Äpfel", "ANNA"]),
        (Sort::PriorityDescending, ["ANNA", "Äpfel", "Anna", "cake", "bread"]),
        (Sort::Title, ["Anna", "ANNA", "bread", "cake", "Äpfel"]),
        (Sort::TitleDescending, ["Äpfel", "cake", "bread", "ANNA", "Anna"]),
    ];
    let database = sample();
    for (sort, expected) in cases {
        for limit in 1..=6 {
            assert_eq!(
                titles(&database, &Filter::default(), sort, limit),
                expected,
                "{sort:?} by {limit}"
            );
        }
    }
}

#[test]
fn filters_narrow_the_list_alone_and_together() {
    let database = sample();
    let found = |filter: Filter| titles(&database, &filter, Sort::CreatedAt, 2);
    let none = Filter::default;
    let text = |text: &str| Filter {
        text: Some(text.into()),
        ..none()
    };
    let at = |text: &str| Some(text.parse().unwrap());

    assert_eq!(
        found(Filter {
            status: Some(Status::InProgress),
            ..none()
        }),
        ["Äpfel"]
    );
    assert_eq!(
        found(Filter {
            priority: Some(Priority::Urgent),
            ..none()
        }),
        ["Äpfel", "ANNA"]
    );
    assert_eq!(
        found(Filter {
            tag: Some("shop".into()),
            ..none()
        }),
        ["bread", "Anna"]
    );
    assert_eq!(
        found(Filter {
            tag: Some("sho".into()),
            ..none()
        }),
        [""; 0]
    );
    assert_eq!(
        found(Filter {
            category: Some("b".into()),
            ..none()
        }),
        ["cake"]
    );
    assert_eq!(
        found(Filter {
            due_from: at("2026-11-22T00:00:00Z"),
            ..none()
        }),
        ["bread"]
    );
    assert_eq!(
        found(Filter {
            due_until: at("2026-11-22T00:00:00Z"),
            ..none()
        }),
        ["Anna", "ANNA"]
    );
    assert_eq!(found(text("anna")), ["Anna", "ANNA"]);
    assert_eq!(found(text("äPF")), ["Äpfel"]);
    assert_eq!(found(text("0% o")), ["Anna"], "in the description");
    assert_eq!(found(text("a%a")), [""; 0], "no wildcards");
    assert_eq!(found(text("n_a")), [""; 0], "no wildcards");
    let all = Filter {
        status: Some(Status::Pending),
        priority: Some(Priority::High),
        tag: Some("shop".into()),
        category: None,
        due_from: at("2026-11-21T12:00:00Z"),
        due_until: at("2026-11-21T12:00:00.001Z"),
        text: Some("a_b".into()),
    };
    assert_eq!(found(all), ["Anna"]);
}

#[test]
fn the_default_list_is_read_from_the_primary_key_without_sorting() {
    let database = sample();
    let (sql, params) = select(&user(), &Filter::default(), Sort::default(), None, 51);
    let steps = database.query(&format!("EXPLAIN QUERY PLAN {sql}"), &params);
    let text = format!("{steps:?}");
    assert!(text.contains("sqlite_autoindex_tasks_1 (user_id=?)"), "{text}");
    assert!(!text.contains("TEMP B-TREE"), "{text}");
}

#[test]
fn the_texts_are_constant_and_hold_no_value() {
    let filter = Filter {
        tag: Some("x' OR 1=1".into()),
        ..Filter::default()
    };
    let (sql, params) = select(&user(), &filter, Sort::Title, None, 3);
    assert_eq!(
        sql,
        concat!(
            "SELECT ",
            columns!(),
            " FROM tasks WHERE user_id = $1 AND id IN (SELECT task_id FROM task_tags WHERE user_id = $1 AND tag = $2)",
            " ORDER BY title_folded, id LIMIT $3"
        )
    );
    assert_eq!(
        format!("{params:?}"),
        format!("{:?}", [Value::from("u"), Value::from("x' OR 1=1"), Value::from(3)])
    );
}

#[test]
fn a_cursor_of_another_order_or_a_made_up_one_is_told_apart() {
    let id = "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21";
    for (sort, json) in [
        (Sort::Title, format!(r#"["-title","a","{id}"]"#)),
        (Sort::Title, format!(r#"["title",1,"{id}"]"#)),
        (Sort::Title, format!(r#"["title","a\u0000","{id}"]"#)),
        (Sort::Priority, format!(r#"["priority","1","{id}"]"#)),
        (Sort::CreatedAt, format!(r#"["created_at",1,"{id}"]"#)),
    ] {
        let cursor: Cursor = serde_json::from_str(&json).unwrap();
        assert!(!cursor.is_of(sort), "{json}");
    }
    assert!(serde_json::from_str::<Cursor>(r#"["title","a","no id"]"#).is_err());
}

#[test]
fn tags_follow_the_task() {
    let database = Database::new();
    let tagged = |tag: &str| {
        let filter = Filter {
            tag: Some(tag.into()),
            ..Filter::default()
        };
        titles(&database, &filter, Sort::default(), 10)
    };
    let before = add(&database, &user(), r#"{"title":"t","tags":["a","b"]}"#);
    let mut after = before.clone();
    after.tags = vec!["b".into(), "c".into()];
    after.sequence += 1;
    database.apply(|commit| write::update(commit, &before, &after)).unwrap();
    assert_eq!((tagged("a").len(), tagged("b").len(), tagged("c").len()), (0, 1, 1));

    let mut deleted = after.clone();
    deleted.sequence += 1;
    database
        .apply(|commit| write::delete(commit, &after, &deleted))
        .unwrap();
    let left = database.query("SELECT tag FROM task_tags WHERE user_id = $1", &[Value::from("u")]);
    assert!(left.is_empty());

    let restore = |snapshot: &Task| {
        database.apply(|commit| {
            write::undelete(commit, snapshot);
            write::insert(commit, snapshot);
        })
    };
    assert_eq!(restore(&after), Err(0), "not the latest deletion");
    assert_eq!(restore(&deleted), Ok(()));
    assert_eq!(restore(&deleted), Err(0), "restored already");
    assert_eq!(tagged("c"), ["t"]);
}
