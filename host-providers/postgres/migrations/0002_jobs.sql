-- Timers at rest. A host that has asked for one holds it until `held_until` (by the database's clock) and then again for as
-- long as it asks.
CREATE TABLE host_jobs (
    component TEXT NOT NULL,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    payload TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    holder UUID,
    held_until TIMESTAMPTZ,
    PRIMARY KEY (component, name)
);

CREATE INDEX host_jobs_at ON host_jobs (at);

-- The latest tick of each schedule that a host has claimed.
CREATE TABLE host_ticks (
    component TEXT NOT NULL,
    schedule TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (component, schedule)
);
