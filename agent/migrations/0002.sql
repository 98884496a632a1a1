-- How the sentence that makes the offer is worded, as a digest: what was no offer once is not asked about again.
ALTER TABLE offer ADD COLUMN wording TEXT;

-- How many times the line was begun for it.
ALTER TABLE offer ADD COLUMN askings INTEGER NOT NULL DEFAULT 1;

CREATE INDEX seen_fingerprint ON seen (fingerprint);

-- Messages that the owner says are offers and that have yet to be looked for in the mailbox.
CREATE TABLE wanted (
    message_id TEXT PRIMARY KEY,
    wanted_at TEXT NOT NULL
) STRICT;
