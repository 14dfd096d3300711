-- Timers at rest, with who runs one until when in milliseconds since the Unix epoch.
CREATE TABLE host_jobs (
    component TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    payload TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    holder TEXT,
    held_until INTEGER,
    PRIMARY KEY (component, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX host_jobs_at ON host_jobs (at);

-- The latest tick of each schedule that was claimed.
CREATE TABLE host_ticks (
    component TEXT NOT NULL,
    schedule TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (component, schedule)
) STRICT, WITHOUT ROWID;
