//! What holds for every rule.

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;

fn rules() -> impl Strategy<Value = String> {
    let interval = 1..30_u16;
    let weekday = prop::sample::select(vec!["monday", "tuesday", "friday", "sunday"]);
    let nth = prop::sample::select(vec!["1st", "2nd", "3rd", "4th", "5th", "last"]);
    let unit = prop::sample::select(vec!["days", "weeks", "months", "years"]);
    let frequency = prop::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
    let count = prop_oneof![Just(String::new()), (1..50_u32).prop_map(|n| format!(" {n} times"))];
    let time = prop_oneof![
        Just(String::new()),
        (0..24, 0..60).prop_map(|(h, m)| format!(" at {h:02}:{m:02}"))
    ];
    let phrase = prop_oneof![
        (interval.clone(), unit).prop_map(|(n, unit)| format!("every {n} {unit}")),
        (interval.clone(), weekday.clone()).prop_map(|(n, day)| format!("every {n} weeks on {day}")),
        (interval.clone(), nth, weekday).prop_map(|(n, nth, day)| format!("every {n} months on the {nth} {day}")),
        (interval.clone(), 1..=28_u8).prop_map(|(n, day)| format!("every year on {day} february 1 time")
            .replace(" 1 time", if n > 9 { "" } else { " 9 times" })),
    ];
    prop_oneof![
        (phrase, time).prop_map(|(phrase, time)| phrase + &time),
        (frequency, interval, count).prop_map(|(frequency, n, count)| {
            let count = count.trim().trim_end_matches(" times").to_owned();
            let count = if count.is_empty() {
                count
            } else {
                format!(";COUNT={count}")
            };
            format!("FREQ={frequency};INTERVAL={n}{count}")
        }),
    ]
}

fn zones() -> impl Strategy<Value = Tz> {
    prop::sample::select(chrono_tz::TZ_VARIANTS.as_slice())
}

/// Milliseconds of 2000 to 2040, where zones change their clocks.
const YEARS: std::ops::Range<i64> = 946_684_800_000..2_208_988_800_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_next_is_later_and_the_count_never_grows(
        rule in rules(), zone in zones(), due in YEARS, late_ms in -86_400_000_i64..10_000_000_000, day_only: bool,
    ) {
        let due = Timestamp::from_ms(due);
        let mut current = task(&rule, &due.to_string(), zone.name());
        if day_only {
            current.due_date = Some(Moment::Day(current.time_zone.local(due).date()));
        }
        let completed_at = due.plus_ms(late_ms);
        if let Some(next) = follow(&current, completed_at) {
            let (before, after) = (current.due_at().unwrap(), next.due_at().unwrap());
            prop_assert!(after > before, "{after} after {before}");
            prop_assert!(after > completed_at || day_only);
            let count = |task: &Task| task.recurring_rule.as_ref().unwrap().parse::<Rule>().unwrap().count;
            prop_assert_eq!(count(&current).is_some(), count(&next).is_some());
            prop_assert!(count(&next) < count(&current) || count(&current).is_none());
            prop_assert_eq!(Some(next), follow(&current, completed_at), "the same again");
        }
    }

    #[test]
    fn a_rule_reads_back_as_it_is_written(rule in rules()) {
        let rule: Rule = rule.parse().unwrap();
        prop_assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
    }

    #[test]
    fn any_text_is_understood_or_refused(text in "[ -~é]{0,60}|(FREQ|BYDAY|UNTIL|every|on|the|last|1st|monday|=|;|,| |[0-9A-Z]){0,20}") {
        if let Ok(rule) = text.parse::<Rule>() {
            prop_assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
        }
    }

    #[test]
    fn every_local_time_has_an_instant_that_shows_it_or_lies_after_a_gap(zone in zones(), ms in YEARS) {
        let (zone, local) = (zone.name().parse::<TimeZone>().unwrap(), Timestamp::from_ms(ms).to_utc().naive_utc());
        let shown = zone.local(zone.resolve(local));
        prop_assert!(shown >= local && shown - local <= chrono::TimeDelta::hours(24), "{local} shown as {shown}");
    }
}
