-- One successor per occurrence, whatever tells of its completion and however often. Only tasks with a parent are in the
-- index, so creating any other task does not touch it.
CREATE UNIQUE INDEX tasks_successor ON tasks (user_id, parent_id) WHERE parent_id IS NOT NULL;

-- Events that were handled.
CREATE TABLE recurrence_inbox (
    event_id TEXT PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
