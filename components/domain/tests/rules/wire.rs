//! Texts on the wire: exact when written, strict when read.

use dayloom_domain::{Field, Moment, TimeZone};

use super::*;

#[test]
fn instants_are_written_with_three_decimals_and_z() {
    for (text, written) in [
        ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00.000Z"),
        ("2026-11-21T09:30:00.1239+05:30", "2026-11-21T04:00:00.123Z"),
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ("2028-02-29t00:00:00z", "2028-02-29T00:00:00.000Z"),
    ] {
        assert_eq!(serde_json::to_string(&at(text)).unwrap(), format!("\"{written}\""));
        assert_eq!(at(written).to_string(), written);
    }
    for bad in [
        "",
        "2026-11-21",
        "2026-11-21T09:30:00",
        "2027-02-29T00:00:00Z",
        "0000-12-31T00:00:00Z",
        "10000-01-01T00:00:00Z",
    ] {
        assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
    }
    assert_eq!(Timestamp::from_ms(i64::MAX), Timestamp::MAX);
    assert_eq!(Timestamp::MIN.plus_ms(-1), Timestamp::MIN);
    assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00.000Z");
    assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999Z");
}

#[test]
fn a_due_date_is_a_day_or_an_instant() {
    for (text, written) in [
        ("2026-11-21", "2026-11-21"),
        ("2028-02-29", "2028-02-29"),
        ("2026-11-21T09:30:00+01:00", "2026-11-21T08:30:00.000Z"),
    ] {
        assert_eq!(
            serde_json::to_string(&text.parse::<Moment>().unwrap()).unwrap(),
            format!("\"{written}\"")
        );
    }
    for bad in [
        "2026-1-21",
        "2027-02-29",
        "2026-11-21 09:30",
        "2026-11-21T09:30",
        "0000-01-01",
        "+026-11-21",
        "20261121",
        "tomorrow",
        "２０２６-11-21",
    ] {
        assert!(bad.parse::<Moment>().is_err(), "{bad}");
    }
}

#[test]
fn a_zone_is_an_iana_name() {
    assert_eq!(
        "Europe/Berlin".parse::<TimeZone>().unwrap().to_string(),
        "Europe/Berlin"
    );
    for bad in ["", "Berlin", "+01:00", "Europe/Berlin "] {
        assert!(bad.parse::<TimeZone>().is_err(), "{bad}");
    }
}

#[test]
fn drafts_and_patches_refuse_what_they_do_not_know() {
    for bad in [
        r#"{"title": "a", "id": "00000000-0000-0000-0000-000000000001"}"#,
        r#"{"title": "a", "sequence": 7}"#,
        r#"{"title": "a", "parent_id": null}"#,
        r#"{"title": 1}"#,
        r#"{"title": "a", "title": "b"}"#,
        r#"{"title": "a", "status": "done"}"#,
        r#"{"title": "a", "due_date": 1}"#,
        r#"{"title": "a", "reminders": [{"before_minutes": -1}]}"#,
        r#"{"title": "a", "reminders": [{"at": "2026-11-21T09:30:00Z"}]}"#,
    ] {
        assert!(serde_json::from_str::<TaskDraft>(bad).is_err(), "{bad}");
        assert!(serde_json::from_str::<TaskPatch>(bad).is_err(), "{bad}");
    }
    assert!(
        serde_json::from_str::<TaskDraft>("{}").is_err(),
        "a draft needs a title"
    );
}

#[test]
fn a_patch_tells_absent_from_null() {
    let text = r#"{"title":"a","due_date":null}"#;
    let patch: TaskPatch = serde_json::from_str(text).unwrap();
    assert_eq!(
        (&patch.title, &patch.due_date, &patch.tags),
        (&Field::Value("a".to_owned()), &Field::Null, &Field::Absent)
    );
    assert_eq!(serde_json::to_string(&patch).unwrap(), text);
}

#[test]
fn a_task_reads_back_and_may_have_grown() {
    let written =
        task(r#"{"title": "a", "due_date": "2026-11-22", "reminders": [{"before_minutes": 5}], "tags": ["x"]}"#);
    let mut json = serde_json::to_value(&written).unwrap();
    assert_eq!(serde_json::from_value::<Task>(json.clone()).unwrap(), written);
    json["new_in_a_later_version"] = true.into();
    assert_eq!(serde_json::from_value::<Task>(json).unwrap(), written);
}
