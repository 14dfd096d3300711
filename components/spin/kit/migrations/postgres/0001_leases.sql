-- Who publishes a shard's rows, until when by the database's clock in milliseconds since the Unix epoch. On Spin nothing
-- outlives a request, so a lock of the database can not be held while a publisher is waited for.
ALTER TABLE host_shards ADD COLUMN holder TEXT, ADD COLUMN held_until BIGINT NOT NULL DEFAULT 0;

-- Events on their way to subscribers of the same application, where no broker is: one row for each subscriber.
CREATE TABLE host_deliveries (
    subscriber TEXT NOT NULL,
    shard SMALLINT NOT NULL,
    position BIGINT NOT NULL,
    committed_at BIGINT NOT NULL,
    bytes INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    -- Attempts that failed so far, and when the next one may be made.
    attempt INTEGER NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL DEFAULT 0,
    body TEXT NOT NULL,
    PRIMARY KEY (subscriber, shard, position)
);

-- Keys whose first delivery waits for another attempt.
CREATE INDEX host_deliveries_waiting ON host_deliveries (subscriber, shard, key, not_before) WHERE not_before > 0;

-- Who delivers to a subscriber from a shard. A row is made when it is needed first.
CREATE TABLE host_delivery_leases (
    subscriber TEXT NOT NULL,
    shard SMALLINT NOT NULL,
    holder TEXT,
    held_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (subscriber, shard)
);

-- Which subscriber could not take the event, after how many attempts; null where a broker refused it.
ALTER TABLE host_dead_letters ADD COLUMN subscriber TEXT, ADD COLUMN attempts INTEGER;

-- Live messages where no Redis is: the latest ones, for the connections that read along.
CREATE TABLE host_live (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sent_at BIGINT NOT NULL,
    bytes INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (user_id, event_id)
);

CREATE INDEX host_live_sent_at ON host_live (sent_at);
