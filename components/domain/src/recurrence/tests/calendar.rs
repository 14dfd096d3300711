//! Months of different lengths, leap years, and clocks that change.

use super::*;

#[test]
fn days_and_months() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, &[&str])] = &[
        ("daily", "2026-12-30", &["2026-12-31", "2027-01-01"]),
        ("every 3 days", "2028-02-27", &["2028-03-01", "2028-03-04"]),
        ("weekly", "2026-12-31", &["2027-01-07"]),
        ("every 2 weeks on monday and thursday", "2026-11-23", &["2026-11-26", "2026-12-07", "2026-12-10"]),
        ("every weekday", "2026-11-20", &["2026-11-23", "2026-11-24"]),
        ("monthly", "2026-11-15", &["2026-12-15", "2027-01-15"]),
        // The 31st stays the 31st although February came between.
        ("monthly", "2027-01-31", &["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]),
        ("monthly", "2028-01-30", &["2028-02-29", "2028-03-30"]),
        ("every 3 months", "2026-11-30", &["2027-02-28", "2027-05-30"]),
        ("every month on the 31st", "2026-11-30", &["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]),
        ("every month on the last day", "2027-01-31", &["2027-02-28", "2027-03-31", "2027-04-30"]),
        ("FREQ=MONTHLY", "2027-01-31", &["2027-03-31", "2027-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2027-01-31", &["2027-02-28", "2027-03-31"]),
        ("yearly", "2028-02-29", &["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        ("every 2 years", "2028-02-29", &["2030-02-28", "2032-02-29"]),
        ("FREQ=YEARLY", "2028-02-29", &["2032-02-29", "2036-02-29"]),
        // 2100 is no leap year.
        ("FREQ=YEARLY", "2096-02-29", &["2104-02-29"]),
        ("first monday of the month", "2026-11-02", &["2026-12-07", "2027-01-04"]),
        ("last friday of the month", "2026-11-27", &["2026-12-25", "2027-01-29"]),
        ("last weekday of the month", "2026-11-30", &["2026-12-31", "2027-01-29", "2027-02-26"]),
        ("first weekday of the month", "2026-11-02", &["2026-12-01", "2027-01-01", "2027-02-01"]),
        // A month without a fifth Friday has none.
        ("fifth friday of the month", "2027-01-29", &["2027-04-30", "2027-07-30"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-11-30", &["2026-12-31", "2027-01-29"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26", &["2027-11-25"]),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", "2026-12-28", &["2032-12-27"]),
        ("FREQ=YEARLY;BYYEARDAY=-1", "2026-12-31", &["2027-12-31"]),
        // RFC 5545's own example of why the week's start matters.
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", &["1997-08-10", "1997-08-19", "1997-08-24"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", &["1997-08-17", "1997-08-19", "1997-08-31"]),
        // A due date that the rule does not have is where its schedule starts all the same.
        ("every monday", "2026-11-25", &["2026-11-30"]),
        ("every 400 years", "2028-02-29", &["2428-02-29"]),
        ("daily", "0001-01-01", &["0001-01-02"]),
        ("daily", "9999-12-30", &["9999-12-31"]),
    ];
    for (rule, due, expected) in cases {
        assert_eq!(dues(rule, due, "UTC", expected.len()), *expected, "{rule} from {due}");
    }
    assert_eq!(
        dues("daily", "9999-12-30", "UTC", 5).len(),
        1,
        "time as RFC 3339 writes it ends with the year 9999"
    );
}

/// Local wall time is kept: the offset of the UTC text changes instead.
#[test]
fn clocks_that_change() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, &str, &[&str])] = &[
        // Spring forward 2027-03-28 at 02:00, autumn back 2026-10-25 at 03:00.
        ("Europe/Berlin", "daily", "2027-03-26T09:00:00+01:00", &["2027-03-27T08:00:00.000Z", "2027-03-28T07:00:00.000Z"]),
        ("Europe/Berlin", "daily", "2026-10-24T09:00:00+02:00", &["2026-10-25T08:00:00.000Z"]),
        // 02:30 does not exist on the 28th: 03:30 summer time; the day after it is 02:30 again.
        ("Europe/Berlin", "daily", "2027-03-27T02:30:00+01:00", &["2027-03-28T01:30:00.000Z", "2027-03-29T00:30:00.000Z", "2027-03-30T00:30:00.000Z"]),
        ("Europe/Berlin", "FREQ=DAILY", "2027-03-27T02:30:15+01:00", &["2027-03-28T01:30:15.000Z", "2027-03-29T00:30:15.000Z"]),
        // 02:30 comes twice on the 25th: the first.
        ("Europe/Berlin", "daily", "2026-10-24T02:30:00+02:00", &["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]),
        // Spring forward 2027-03-14, autumn back 2026-11-01, both at 02:00.
        ("America/New_York", "weekly", "2027-03-07T02:30:00-05:00", &["2027-03-14T07:30:00.000Z", "2027-03-21T06:30:00.000Z"]),
        ("America/New_York", "daily", "2026-10-31T01:30:00-04:00", &["2026-11-01T05:30:00.000Z", "2026-11-02T06:30:00.000Z"]),
        // Half an hour, at 02:00: forward 2026-10-04, back 2027-04-04.
        ("Australia/Lord_Howe", "daily", "2026-10-03T02:15:00+10:30", &["2026-10-03T15:45:00.000Z", "2026-10-04T15:15:00.000Z"]),
        ("Australia/Lord_Howe", "daily", "2027-04-03T01:45:00+11:00", &["2027-04-03T14:45:00.000Z", "2027-04-04T15:15:00.000Z"]),
        // Midnight itself is skipped: Beirut 2027-03-28.
        ("Asia/Beirut", "daily", "2027-03-27T00:00:00+02:00", &["2027-03-27T22:00:00.000Z", "2027-03-28T21:00:00.000Z"]),
        // The day in the zone decides, not the day in UTC.
        ("Pacific/Auckland", "every monday", "2026-11-23T08:00:00+13:00", &["2026-11-29T19:00:00.000Z"]),
        ("America/New_York", "monthly", "2027-01-31T22:00:00-05:00", &["2027-03-01T03:00:00.000Z", "2027-04-01T02:00:00.000Z"]),
        // A rule's own time of day.
        ("Europe/Berlin", "daily at 7pm", "2026-11-21", &["2026-11-22T18:00:00.000Z"]),
        ("Europe/Berlin", "FREQ=DAILY;BYHOUR=19", "2026-11-21T07:30:00+01:00", &["2026-11-22T18:30:00.000Z"]),
    ];
    for (zone, rule, due, expected) in cases {
        assert_eq!(
            dues(rule, due, zone, expected.len()),
            *expected,
            "{rule} from {due} in {zone}"
        );
    }
}

#[test]
fn a_day_is_due_from_its_local_start_even_when_midnight_is_skipped() {
    let starts = |zone: &str| {
        Moment::Day(day("2027-03-28"))
            .starts_at(zone.parse().unwrap())
            .to_string()
    };
    assert_eq!(starts("UTC"), "2027-03-28T00:00:00.000Z");
    assert_eq!(starts("Asia/Beirut"), "2027-03-27T22:00:00.000Z");
    // Samoa had no 30 December 2011 at all.
    let samoa = Moment::Day(day("2011-12-30")).starts_at("Pacific/Apia".parse().unwrap());
    assert_eq!(samoa.to_string(), "2011-12-30T10:00:00.000Z");
}
