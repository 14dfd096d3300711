-- One row that a readiness check writes after a failed commit, to learn whether writing works again.
CREATE TABLE host_probe (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    written_at INTEGER NOT NULL
) STRICT;

INSERT INTO host_probe (id, written_at) VALUES (1, 0);
