//! What a task may hold. Characters are Unicode scalar values, counted after trimming.

/// Characters of a title: one line that a list and a notification can show.
pub const TITLE_CHARS_MAX: usize = 200;
/// Characters of a description. A task twice (new and previous) must fit an event body of 256 KiB even when every
/// character is four bytes.
pub const DESCRIPTION_CHARS_MAX: usize = 10_000;
/// Tags of one task.
pub const TAGS_MAX: usize = 20;
/// Characters of one tag.
pub const TAG_CHARS_MAX: usize = 50;
/// Characters of a category.
pub const CATEGORY_CHARS_MAX: usize = 100;
/// Reminders of one task: each is a timer and a message to a person.
pub const REMINDERS_MAX: usize = 10;
/// Minutes a relative reminder may lie before the due date: a leap year.
pub const REMINDER_BEFORE_MINUTES_MAX: u32 = 366 * 24 * 60;
/// Milliseconds a reminder may already lie in the past and still fire: covers a request on its way and clocks that
/// differ a little, so that "remind me now" works. What is older has passed.
pub const REMINDER_LATE_MS_MAX: i64 = 60_000;
/// Bytes of a recurrence rule's text. The longest sensible RRULE (all weeks of a year by number) is half of that.
pub const RECURRING_RULE_BYTES_MAX: usize = 512;
/// The longest interval of a recurrence rule, in its own unit: every 400 days, weeks, months or years. The calendar repeats
/// after 400 years, and a search for the next occurrence need look no further.
pub const RECURRENCE_INTERVAL_MAX: u16 = 400;
/// Occurrences a rule may count: a daily task for 27 years. A larger number says "for ever" better by leaving it out.
pub const RECURRENCE_COUNT_MAX: u32 = 10_000;
/// Years of missed occurrences that are counted one by one (about 3,650 of a daily task). A schedule nobody kept for longer
/// starts again from the completion.
pub const RECURRENCE_CATCH_UP_YEARS_MAX: u32 = 10;
