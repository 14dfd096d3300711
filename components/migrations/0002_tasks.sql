-- Tasks. Owned by `tasks`; `recurrence` writes through the same library of commands. Instants are milliseconds since the
-- Unix epoch, UTC.
--
-- The primary key serves reading one task and the default list: ids are UUIDv7, so their order is that of creation. Other
-- sort orders sort one user's tasks and need no index of their own, which every create would pay for.
CREATE TABLE tasks (
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    -- The version, from 1: what ETag and optimistic concurrency compare.
    sequence BIGINT NOT NULL,
    title TEXT NOT NULL,
    -- Lower case by Unicode's rules, which SQLite's LIKE and lower() do not know and PostgreSQL's take from its locale:
    -- text search and sorting by title are the same everywhere.
    title_folded TEXT NOT NULL,
    description TEXT,
    description_folded TEXT,
    status TEXT NOT NULL,
    -- 0 low, 1 medium, 2 high, 3 urgent: sorts by meaning.
    priority BIGINT NOT NULL,
    -- JSON array of text in the user's order; NULL for none. `task_tags` has the same for filtering.
    tags TEXT,
    category TEXT,
    -- A date or a date-time, as on the wire.
    due_date TEXT,
    -- Where due_date begins in the task's time zone: what lists filter and sort by.
    due_at BIGINT,
    time_zone TEXT NOT NULL,
    -- JSON array of reminders; NULL for none.
    reminders TEXT,
    recurring_rule TEXT,
    recurring_end_date TEXT,
    recurrence_from TEXT NOT NULL,
    parent_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    completed_at BIGINT,
    PRIMARY KEY (user_id, id)
);

CREATE TABLE task_tags (
    user_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    task_id TEXT NOT NULL,
    PRIMARY KEY (user_id, tag, task_id)
);

-- The last version of each deleted task: which deletion of the audit trail is the latest, so that a restored task goes on
-- from there. What the task was is in the trail alone.
CREATE TABLE deleted_tasks (
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (user_id, id)
);

-- Answers to creations that named an Idempotency-Key, kept for a day. The answer is stored whole, because the task it
-- created may change before the repeat comes.
CREATE TABLE idempotency_keys (
    user_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    task_id TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
