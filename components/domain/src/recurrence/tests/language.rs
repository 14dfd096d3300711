//! What is understood as a rule, and what is refused rather than guessed.

use super::*;

/// Each is understood, and means the same as the canonical text that it is carried on as.
#[test]
fn phrases_and_their_canonical_form() {
    for (text, canonical) in [
        ("daily", "every day"),
        ("Weekly", "every week"),
        (" MONTHLY ", "every month"),
        ("annually", "every year"),
        ("every other week", "every 2 weeks"),
        ("every other tuesday", "every 2 weeks on tuesday"),
        (
            "every mon, wed and fri",
            "every week on monday and wednesday and friday",
        ),
        ("every sunday and monday", "every week on monday and sunday"),
        ("weekly on mondays", "every week on monday"),
        (
            "every weekday",
            "every week on monday and tuesday and wednesday and thursday and friday",
        ),
        (
            "weekdays at noon",
            "every week on monday and tuesday and wednesday and thursday and friday at 12:00",
        ),
        ("the first monday of the month", "every month on the 1st monday"),
        ("every 2nd friday of every month", "every month on the 2nd friday"),
        ("on the last day of the month", "every month on the 31st"),
        ("every 31st of the month", "every month on the 31st"),
        ("monthly on the 15th", "every month on the 15th"),
        (
            "every 3 months on the last weekday",
            "every 3 months on the last weekday",
        ),
        ("every year on feb 29", "every year on february 29"),
        ("yearly on the 1st of may", "every year on may 1"),
        (
            "daily at 9:30pm until 2027-01-31",
            "every day at 21:30 until 2027-01-31",
        ),
        ("daily for 10 times", "every day 10 times"),
        ("daily 1 time at 12am", "every day at 00:00 1 time"),
    ] {
        let rule: Rule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(rule.to_string(), canonical);
        assert_eq!(canonical.parse::<Rule>().unwrap(), rule, "{canonical} reads back");
    }
}

#[test]
fn rfc_5545_text_and_its_canonical_form() {
    for (text, canonical) in [
        ("RRULE:FREQ=DAILY", "FREQ=DAILY"),
        ("freq=weekly;byday=mo,we", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=4;", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=4"),
        (
            "COUNT=4;BYHOUR=9;FREQ=DAILY;BYMINUTE=05",
            "FREQ=DAILY;BYHOUR=9;BYMINUTE=5;COUNT=4",
        ),
        ("FREQ=DAILY;UNTIL=20270131T080000Z", "FREQ=DAILY;UNTIL=20270131T080000Z"),
        ("FREQ=DAILY;UNTIL=20270131T080000", "FREQ=DAILY;UNTIL=20270131T080000"),
        ("FREQ=DAILY;UNTIL=20270131", "FREQ=DAILY;UNTIL=20270131"),
    ] {
        let rule: Rule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(rule.to_string(), canonical);
        assert_eq!(canonical.parse::<Rule>().unwrap(), rule, "{canonical} reads back");
    }
}

#[test]
fn what_is_not_understood_is_refused_and_never_guessed() {
    for text in [
        "sometimes",
        "every",
        "every 0 days",
        "every 401 days",
        "every 99999 years",
        "every -1 days",
        "every 99999999999 days",
        "every hour",
        "every 2",
        "every monday and",
        "every 3 mondays",
        "every day on monday",
        "biweekly",
        // Every other Monday, or the month's second?
        "every second monday",
        "first monday",
        "every month on the 32nd",
        "every month on the 1th",
        "every month on the sixth",
        "sixth monday of the month",
        "every year on february 30",
        "daily at 25:00",
        "daily at 9",
        "daily at 13pm",
        "daily at 9am at 10am",
        "daily until tomorrow",
        "daily until 2027-02-30",
        "daily 0 times",
        "daily 10001 times",
        "daily please",
        "jeden tag",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=HOURLY;INTERVAL=24",
        "INTERVAL=2",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=401",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=10001",
        "FREQ=DAILY;COUNT=99999999999999999999",
        "FREQ=DAILY;COUNT=3;UNTIL=20270131",
        "FREQ=DAILY;UNTIL=20270230",
        "FREQ=DAILY;UNTIL=20270131T0800",
        "FREQ=DAILY;UNTIL=2027é131",
        "FREQ=DAILY;BYHOUR=9,17",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYMINUTE=30",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=é",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYEASTER=0",
        "FREQ=DAILY;X-EVIL=1",
        "FREQ",
        "=",
        "DTSTART:20270131\nRRULE:FREQ=DAILY",
    ] {
        let error = validate(text, day("2026-11-20")).expect_err(text);
        let TaskError::Invalid(violation) = error else {
            panic!("{text} is invalid")
        };
        assert_eq!(violation.pointer, "/recurring_rule");
    }
}

/// A rule that is well formed but has no day would otherwise be found out only when the task is completed.
#[test]
fn what_never_comes_is_refused_in_bounded_time() {
    for text in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30,31",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
    ] {
        assert_eq!(
            validate(text, day("2026-11-20")),
            Err(invalid(RuleError::Never)),
            "{text}"
        );
    }
    for text in [
        "FREQ=DAILY;COUNT=1",
        "FREQ=DAILY;UNTIL=20200101",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
    ] {
        assert_eq!(validate(text, day("2026-11-20")), Ok(()), "{text}");
    }
}

#[test]
fn a_rule_may_have_512_bytes() {
    let padded = |bytes: usize| format!("FREQ=DAILY{}", ";".repeat(bytes - "FREQ=DAILY".len()));
    assert_eq!(validate(&padded(512), day("2026-11-20")), Ok(()));
    assert_eq!(
        validate(&padded(513), day("2026-11-20")),
        Err(invalid(RuleError::TooLong))
    );
}

/// What a rule has to carry on must not make it too long for its own next occurrence.
#[test]
fn a_rule_of_512_bytes_still_carries_its_time() {
    let days = (1..=366).map(|day| day.to_string()).collect::<Vec<_>>().join(",");
    let mut rule = format!("FREQ=YEARLY;BYYEARDAY={days}");
    rule.truncate(rule[..512].rfind(',').unwrap());
    // 28 March 2027 is day 87.
    let first = task(&rule, "2027-03-27T02:30:45+01:00", "Europe/Berlin");
    let second = follow_on_time(&first).unwrap();
    assert!(second.recurring_rule.as_ref().unwrap().len() > 512);
    assert_eq!(
        follow_on_time(&second).unwrap().due_date.unwrap().to_string(),
        "2027-03-29T00:30:45.000Z"
    );
}
