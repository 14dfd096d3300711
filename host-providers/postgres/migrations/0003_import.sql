-- An import under way: which export, how far, and what has to be put back at its end. No row, no import.
CREATE TABLE host_import (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- SHA-256 of the export's first line.
    export TEXT NOT NULL,
    -- Rows of all tables that are in.
    rows_done BIGINT NOT NULL,
    -- SHA-256 of the export up to there.
    sha256 TEXT NOT NULL,
    -- Statements that add the foreign keys again, which do not hold while rows come table by table.
    constraints TEXT[] NOT NULL
);
