-- The event log: one row per event, in the order of commit. `position` never repeats (the newest row is never deleted).
-- `body` comes last, so that a scan for other columns does not touch its overflow pages.
CREATE TABLE host_log (
    position INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    event_id BLOB NOT NULL UNIQUE,
    event_type TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- How far each subscriber is in each partition: everything up to `position` is settled. `active_at` is the last time the
-- subscriber was configured.
CREATE TABLE host_cursors (
    subscriber TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    active_at INTEGER NOT NULL,
    PRIMARY KEY (subscriber, partition)
) STRICT, WITHOUT ROWID;

-- Events a subscriber could not take. They keep their body, because the log forgets.
CREATE TABLE host_dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber TEXT NOT NULL,
    event_id BLOB NOT NULL,
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_failed_at INTEGER NOT NULL,
    last_failed_at INTEGER NOT NULL,
    replay_requested_at INTEGER,
    body TEXT NOT NULL,
    UNIQUE (subscriber, event_id)
) STRICT;

CREATE INDEX host_dead_letters_replay ON host_dead_letters (subscriber, id) WHERE replay_requested_at IS NOT NULL;
