-- Events on their way out: one row per event and topic. `position` orders the rows of a shard, and a key has one shard for
-- ever. `bytes` is the size of the row's text, so that a batch can be bounded without reading bodies.
CREATE TABLE host_outbox (
    shard SMALLINT NOT NULL,
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    committed_at BIGINT NOT NULL,
    bytes INTEGER NOT NULL,
    event_id UUID NOT NULL,
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (shard, position)
) WITH (
    -- A queue turns over many times its size: what was deleted is cleared by number of rows and not by share.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000
);

-- Held by the relay that publishes the shard's rows.
CREATE TABLE host_shards (
    shard SMALLINT PRIMARY KEY
);

INSERT INTO host_shards (shard) SELECT generate_series(0, 15);

-- Every event id of late, so that a repeated commit is recognised after its events have left the outbox.
CREATE TABLE host_event_ids (
    event_id UUID PRIMARY KEY,
    committed_at BIGINT NOT NULL
);

-- Rows come in the order of their time, so a few bytes for each range of pages are enough to find the old ones.
CREATE INDEX host_event_ids_age ON host_event_ids USING brin (committed_at);

-- Events a broker refused for good.
CREATE TABLE host_dead_letters (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id UUID NOT NULL,
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    failed_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
