-- Facts only, never pending jobs. Times are ISO 8601 in UTC.

CREATE TABLE installation (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    account TEXT NOT NULL,              -- user@host the state belongs to: UIDs mean nothing elsewhere
    first_look_from TEXT NOT NULL       -- mail older than this is never asked about
) STRICT;

CREATE TABLE watermark (
    mailbox TEXT PRIMARY KEY,
    uid_validity INTEGER NOT NULL,
    uid INTEGER NOT NULL                -- everything up to here has been looked at
) STRICT;

-- All that is kept of mail that is no offer.
CREATE TABLE seen (
    identity TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (identity, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE unreadable (
    mailbox TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    reason TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    PRIMARY KEY (mailbox, uid_validity, uid)
) STRICT;

CREATE TABLE offer (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL UNIQUE,
    author TEXT NOT NULL,               -- address, case-folded
    stage TEXT NOT NULL,
    closed_because TEXT,
    found_at TEXT NOT NULL,
    moved_at TEXT NOT NULL,
    answers TEXT,
    content TEXT NOT NULL,              -- the offer; without anybody's words once it is settled
    is_settled INTEGER NOT NULL DEFAULT 0 CHECK (is_settled IN (0, 1)),
    mailbox TEXT,                       -- where its latest message was seen
    uid_validity INTEGER,
    uid INTEGER
) STRICT;
CREATE INDEX offer_author ON offer (author);
CREATE INDEX offer_unsettled ON offer (is_settled) WHERE is_settled = 0;

-- Every message of the introducer that belongs to an offer.
CREATE TABLE offer_message (
    message_id TEXT NOT NULL,
    offer_id INTEGER NOT NULL REFERENCES offer (id),
    PRIMARY KEY (message_id, offer_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE effect (
    offer_id INTEGER NOT NULL REFERENCES offer (id),
    code TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,    -- fixed before the effect happens
    attempts INTEGER NOT NULL DEFAULT 0,
    attempted_at TEXT,
    transmitted_at TEXT,
    resent INTEGER NOT NULL DEFAULT 0,  -- attempts made although an earlier one may have succeeded
    failed_at TEXT,
    failure TEXT,
    done_at TEXT,
    basis INTEGER NOT NULL DEFAULT 0,
    text TEXT,
    PRIMARY KEY (offer_id, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE reply (
    offer_id INTEGER NOT NULL REFERENCES offer (id),
    number INTEGER NOT NULL,
    message_id TEXT NOT NULL UNIQUE,    -- one reply in two mailboxes is one reply
    received_at TEXT NOT NULL,
    answers TEXT NOT NULL,
    stage TEXT NOT NULL,
    is_refused INTEGER NOT NULL DEFAULT 0 CHECK (is_refused IN (0, 1)),
    PRIMARY KEY (offer_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE health (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    polled_at TEXT,
    good_at TEXT,
    failing_since TEXT,
    failure TEXT,
    alarmed_at TEXT
) STRICT;
