-- Live messages where no Redis is: the latest ones, for the connections that read along.
CREATE TABLE host_live (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    sent_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (user_id, event_id)
) STRICT;

CREATE INDEX host_live_sent_at ON host_live (sent_at);
