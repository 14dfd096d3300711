//! What a notification says.

use dayloom_domain::Moment;
use dayloom_domain::event::ReminderPayload;

/// The line and the sentence of a reminder that fires: the task, and when it is due in its own time zone.
pub(crate) fn of_reminder(reminder: &ReminderPayload) -> (String, String) {
    let zone = reminder.time_zone;
    let body = match reminder.due_date {
        None => "You wanted to be reminded of this.".to_owned(),
        Some(Moment::Day(day)) => format!("Due on {}.", day.format("%a %-d %b %Y")),
        Some(Moment::At(at)) => format!("Due on {} ({zone}).", zone.local(at).format("%a %-d %b %Y at %H:%M")),
    };
    (reminder.title.clone(), body)
}

#[cfg(test)]
mod tests {
    use dayloom_domain::event::ReminderPayload;

    use super::of_reminder;

    #[test]
    fn the_due_date_is_told_in_the_tasks_own_zone() {
        for (due, body) in [
            (None, "You wanted to be reminded of this."),
            (Some("2026-11-01"), "Due on Sun 1 Nov 2026."),
            (
                Some("2026-11-21T23:30:00Z"),
                "Due on Sun 22 Nov 2026 at 00:30 (Europe/Berlin).",
            ),
        ] {
            let reminder = ReminderPayload {
                reminder_id: "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d22".parse().unwrap(),
                remind_at: "2026-11-20T09:30:00Z".parse().unwrap(),
                title: "Call Ana".into(),
                due_date: due.map(|due| due.parse().unwrap()),
                time_zone: "Europe/Berlin".parse().unwrap(),
            };
            assert_eq!(of_reminder(&reminder), ("Call Ana".to_owned(), body.to_owned()));
        }
    }
}
