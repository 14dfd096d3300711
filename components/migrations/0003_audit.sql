-- The append-only trail of everything that happened to tasks and reminders. Rows are only ever added.

-- The primary key is at once the inbox (the same event has the same owner, time and id) and the order of the owner's list.
CREATE TABLE audit_logs (
    user_id TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    task_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    -- JSON text exactly as the event carried it.
    payload TEXT NOT NULL,
    previous TEXT,
    PRIMARY KEY (user_id, occurred_at, event_id)
);

-- One task's history, in the list's order: without that a planner without statistics would walk the owner's whole trail.
CREATE INDEX audit_logs_by_task ON audit_logs (user_id, task_id, occurred_at, event_id);
