-- Timers at rest.
CREATE TABLE host_jobs (
    component TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    payload TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (component, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX host_jobs_at ON host_jobs (at);
