-- Reminders that wait for their time, and the notifications they become.

-- Ids are UUIDv7, so the primary key is also the order of the owner's list.
CREATE TABLE notifications (
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    task_id TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    read_at BIGINT,
    PRIMARY KEY (user_id, id)
);

CREATE INDEX notifications_unread ON notifications (user_id, id) WHERE read_at IS NULL;

-- One row for each notification on each channel: the key by which a delivery is recognised.
CREATE TABLE delivery_attempts (
    notification_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    -- waiting, delivered
    outcome TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- When it was delivered, or is to go out.
    due_at BIGINT NOT NULL,
    PRIMARY KEY (notification_id, channel)
);

-- Users who never chose have no row.
CREATE TABLE notification_preferences (
    user_id TEXT NOT NULL PRIMARY KEY,
    in_app BIGINT NOT NULL,
    -- HH:MM by the clock in quiet_zone; all three or none.
    quiet_start TEXT,
    quiet_end TEXT,
    quiet_zone TEXT
);

-- The latest that is known of each reminder: of two events about one, the greater sequence decides, in whatever order they
-- come.
CREATE TABLE reminder_timers (
    reminder_id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    -- pending, fired, cancelled
    state TEXT NOT NULL,
    remind_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    -- JSON of the reminder as its event told it.
    payload TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE INDEX reminder_timers_due ON reminder_timers (remind_at) WHERE state = 'pending';
CREATE INDEX reminder_timers_by_task ON reminder_timers (task_id) WHERE state = 'pending';
CREATE INDEX reminder_timers_settled ON reminder_timers (changed_at) WHERE state <> 'pending';

-- The version at which a task was last completed or deleted, so that a reminder of that version or an earlier one can not
-- begin to wait afterwards. 0 if it was neither.
CREATE TABLE reminder_tasks (
    task_id TEXT NOT NULL PRIMARY KEY,
    closed_at_sequence BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

CREATE INDEX reminder_tasks_seen ON reminder_tasks (seen_at);

CREATE TABLE notifications_inbox (
    event_id TEXT NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
);

CREATE INDEX notifications_inbox_seen ON notifications_inbox (seen_at);
