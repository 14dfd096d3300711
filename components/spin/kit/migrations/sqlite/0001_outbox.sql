-- The tables that the PostgreSQL provider makes, with the columns that Spin adds, in SQLite's words.

CREATE TABLE host_outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    shard INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX host_outbox_shard ON host_outbox (shard, position);

-- Who publishes a shard's rows, until when in milliseconds since the Unix epoch.
CREATE TABLE host_shards (
    shard INTEGER PRIMARY KEY,
    holder TEXT,
    held_until INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO host_shards (shard) VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15);

-- Every event id of late, so that a repeated commit is recognised after its events have left the outbox.
CREATE TABLE host_event_ids (
    event_id TEXT PRIMARY KEY,
    committed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX host_event_ids_age ON host_event_ids (committed_at);

-- Events that a subscriber could not take, or that the sidecar refused for good, which have no subscriber.
CREATE TABLE host_dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    failed_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    subscriber TEXT,
    attempts INTEGER
) STRICT;

-- Events on their way to subscribers of the same application, where no broker is: one row for each subscriber.
CREATE TABLE host_deliveries (
    subscriber TEXT NOT NULL,
    shard INTEGER NOT NULL,
    position INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    -- Attempts that failed so far, and when the next one may be made.
    attempt INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL,
    PRIMARY KEY (subscriber, shard, position)
) STRICT;

-- Who delivers to a subscriber from a shard. A row is made when it is needed first.
CREATE TABLE host_delivery_leases (
    subscriber TEXT NOT NULL,
    shard INTEGER NOT NULL,
    holder TEXT,
    held_until INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subscriber, shard)
) STRICT, WITHOUT ROWID;

-- Keys whose first delivery waits for another attempt.
CREATE INDEX host_deliveries_waiting ON host_deliveries (subscriber, shard, key, not_before) WHERE not_before > 0;
