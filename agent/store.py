"""I/O: SQLite. The facts, in one file; each public write is meant to stand inside `transaction()`.

Write-ahead log, foreign keys, numbered migrations by `PRAGMA user_version`. All SQL of the project is in here and in
`migrations/`. It decides nothing: stages come from `lifecycle`, texts from `compose`.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from agent.errors import StoreError
from agent.identity import Installation, wording_of
from agent.lifecycle import Case, Effect, EffectFact, Event, ReplyFact, Stage
from agent.model import Answers, Offer
from agent.record import answers_from_json, answers_to_json, offer_from_json, offer_to_json, without_words

Connect = Callable[[str], sqlite3.Connection]

_BUSY_SECONDS = 10.0
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a mailbox has been looked at: UIDs up to `uid` of this UIDVALIDITY."""

    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Location:
    """Where a message was seen."""

    mailbox: str
    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the last polls went. Times in UTC, None when it never happened."""

    polled_at: datetime | None = None
    good_at: datetime | None = None
    failing_since: datetime | None = None
    failure: str | None = None
    alarmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that was passed over, and why."""

    location: Location
    reason: str
    recorded_at: datetime


def _connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)


def _migrations() -> list[str]:
    folder = resources.files("agent") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [file.read_text(encoding="utf-8") for file in files]


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours; the one place where that happens."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"The state file {path} cannot be used: {error}.") from error


class Store:
    """The state file."""

    def __init__(self, path: Path, installation: Installation, *, connect: Connect = _connect) -> None:
        """Open the state file, make it if need be, and bring it to this version's form.

        Raises StoreError when it cannot be opened, is readable by others, or was written by a newer Gracious.
        """
        self.path = path
        self.installation = installation
        _make_private(path)
        with _translated(path):
            self._connection = connect(str(path))
        try:
            with _translated(path):
                self._connection.row_factory = sqlite3.Row
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA synchronous = FULL")
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        migrations = _migrations()
        if version > len(migrations):
            raise StoreError(
                f"The state file {self.path} has form {version}; this Gracious knows only {len(migrations)}. "
                "Update Gracious, or name another state file."
            )
        if 0 < version < len(migrations):
            self._back_up(version)
        for number, script in enumerate(migrations[version:], start=version + 1):
            self._migrate(number, script)

    def _migrate(self, number: int, script: str) -> None:
        # Two processes may come here at once: the second one finds the version already raised.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            if int(self._connection.execute("PRAGMA user_version").fetchone()[0]) < number:
                for statement in _statements(script):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")
        except sqlite3.Error:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _back_up(self, version: int) -> None:
        copy = self.path.with_name(f"{self.path.name}.before-{version + 1}")
        _make_private(copy)
        with closing(sqlite3.connect(copy)) as target:
            self._connection.backup(target)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what is written inside is committed at the end, or not at all."""
        with _translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        with _translated(self.path):
            self._connection.execute("COMMIT")

    def _read(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with _translated(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _write(self, sql: str, *values: Any) -> int:
        if not self._connection.in_transaction:
            raise AssertionError("a write outside of a transaction")
        with _translated(self.path):
            return self._connection.execute(sql, values).rowcount

    # The installation

    def begin(self, account: str, first_look_from: datetime) -> datetime:
        """Note the first start; return since when mail is looked at.

        Another account than the first one's means other mail and other UIDs: the look starts anew.
        """
        rows = self._read("SELECT account, first_look_from FROM installation")
        if rows and rows[0]["account"] == account:
            return datetime.fromisoformat(rows[0]["first_look_from"])
        with self.transaction():
            self._write("DELETE FROM watermark")
            self._write("DELETE FROM installation")
            self._write("INSERT INTO installation VALUES (1, ?, ?)", account, first_look_from.isoformat())
        return first_look_from

    # What has been looked at

    def watermark(self, mailbox: str) -> Watermark | None:
        """Return how far the mailbox has been looked at; None before the first time."""
        rows = self._read("SELECT uid_validity, uid FROM watermark WHERE mailbox = ?", mailbox)
        return Watermark(rows[0]["uid_validity"], rows[0]["uid"]) if rows else None

    def advance(self, mailbox: str, watermark: Watermark) -> None:
        """Note that the mailbox has been looked at up to there."""
        self._write(
            "INSERT INTO watermark VALUES (?, ?, ?) ON CONFLICT (mailbox) DO UPDATE"
            " SET uid = excluded.uid, uid_validity = excluded.uid_validity"
            " WHERE excluded.uid > uid OR excluded.uid_validity <> uid_validity",
            mailbox,
            watermark.uid_validity,
            watermark.uid,
        )

    def has_seen(self, identity: str, fingerprint: str) -> bool:
        """Whether this very message was looked at, here or in another mailbox."""
        return bool(self._read("SELECT 1 FROM seen WHERE identity = ? AND fingerprint = ?", identity, fingerprint))

    def knows_another(self, identity: str, fingerprint: str) -> bool:
        """Whether a different message of the same identity was looked at."""
        return bool(self._read("SELECT 1 FROM seen WHERE identity = ? AND fingerprint <> ?", identity, fingerprint))

    def identities_seen_as(self, fingerprint: str) -> list[str]:
        """Return the identities of messages with this own text."""
        return [row["identity"] for row in self._read("SELECT identity FROM seen WHERE fingerprint = ?", fingerprint)]

    def see(self, identity: str, fingerprint: str) -> None:
        """Note that this message was looked at."""
        self._write("INSERT OR IGNORE INTO seen VALUES (?, ?)", identity, fingerprint)

    def pass_over(self, location: Location, reason: str, now: datetime) -> None:
        """Note a message as unreadable, with the reason."""
        self._write(
            "INSERT OR IGNORE INTO unreadable VALUES (?, ?, ?, ?, ?)",
            location.mailbox,
            location.uid_validity,
            location.uid,
            reason,
            now.isoformat(),
        )

    def unreadable(self) -> list[Unreadable]:
        """Return the messages that were passed over, oldest first."""
        return [
            Unreadable(
                Location(row["mailbox"], row["uid_validity"], row["uid"]),
                row["reason"],
                datetime.fromisoformat(row["recorded_at"]),
            )
            for row in self._read("SELECT * FROM unreadable ORDER BY recorded_at, uid")
        ]

    # Offers

    def add_offer(self, offer: Offer, location: Location | None, now: datetime) -> None:
        """Note a new offer."""
        self._write(
            "INSERT INTO offer (identity, token, author, wording, stage, found_at, moved_at, content)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            offer.identity,
            self.installation.token(offer.identity),
            offer.author.email.casefold(),
            wording_of(offer.sentence),
            Stage.FOUND,
            now.isoformat(),
            now.isoformat(),
            offer_to_json(offer),
        )
        self.locate(offer, location)

    def update_offer(self, offer: Offer, location: Location | None) -> None:
        """Note a later message of the same offer."""
        self._write(
            "UPDATE offer SET content = ?, wording = coalesce(?, wording) WHERE identity = ?",
            offer_to_json(offer),
            wording_of(offer.sentence),
            offer.identity,
        )
        self.locate(offer, location)

    def reopen(self, offer: Offer, location: Location | None, now: datetime) -> None:
        """Note that the line begins once more for an offer that was over; what was said about it no longer counts."""
        self.update_offer(offer, location)
        self._write(
            "UPDATE offer SET askings = askings + 1, answers = NULL WHERE identity = ?",
            offer.identity,
        )
        self.move(self.case(offer.identity), Stage.FOUND, Event.REOPENED, now)

    def locate(self, offer: Offer, location: Location | None) -> None:
        """Note where the offer's latest message lies, and its Message-ID."""
        if location is not None:
            self._write(
                "UPDATE offer SET mailbox = ?, uid_validity = ?, uid = ? WHERE identity = ?",
                location.mailbox,
                location.uid_validity,
                location.uid,
                offer.identity,
            )
        if offer.message_id is not None:
            self._write(
                "INSERT OR IGNORE INTO offer_message SELECT ?, id FROM offer WHERE identity = ?",
                offer.message_id,
                offer.identity,
            )

    def move(self, case: Case, stage: Stage, because: Event, now: datetime) -> None:
        """Note the offer's new stage."""
        self._write(
            "UPDATE offer SET stage = ?, closed_because = ?, moved_at = ?, is_settled = 0 WHERE identity = ?",
            stage,
            because if stage is Stage.CLOSED else None,
            now.isoformat(),
            case.offer.identity,
        )

    def settle(self, case: Case) -> None:
        """Keep only the facts of a closed offer: no words of anybody's."""
        self._write(
            "UPDATE offer SET is_settled = 1, content = ?, answers = NULL WHERE identity = ?",
            offer_to_json(without_words(case.offer)),
            case.offer.identity,
        )
        self._write(
            "UPDATE effect SET text = NULL WHERE offer_id = (SELECT id FROM offer WHERE identity = ?)",
            case.offer.identity,
        )

    # What the owner wishes to be asked about

    def want(self, message_id: str, now: datetime) -> None:
        """Note that the owner says that the message of this Message-ID is an offer."""
        self._write("INSERT OR IGNORE INTO wanted VALUES (?, ?)", message_id, now.isoformat())

    def wanted(self) -> list[str]:
        """Return the Message-IDs that have not been looked for yet, oldest first."""
        return [row["message_id"] for row in self._read("SELECT message_id FROM wanted ORDER BY wanted_at, rowid")]

    def look_for(self, message_id: str) -> None:
        """Note that the message has been looked for."""
        self._write("DELETE FROM wanted WHERE message_id = ?", message_id)

    # Effects

    def attempt(self, case: Case, effect: Effect, message_id: str, text: str, now: datetime) -> None:
        """Note that an effect is about to be tried."""
        self._write(
            "INSERT INTO effect (offer_id, code, message_id, attempts, attempted_at, basis, text)"
            " VALUES ((SELECT id FROM offer WHERE identity = ?), ?, ?, 1, ?, ?, ?)"
            " ON CONFLICT (offer_id, code) DO UPDATE SET attempts = attempts + 1, attempted_at = excluded.attempted_at,"
            " resent = resent + (transmitted_at IS NOT NULL), failed_at = NULL, failure = NULL, transmitted_at = NULL,"
            " basis = excluded.basis, text = excluded.text",
            case.offer.identity,
            effect.code,
            message_id,
            now.isoformat(),
            len(case.replies),
            text,
        )

    def transmit(self, message_id: str, now: datetime) -> None:
        """Note that the end of a mail is about to leave: from here on nobody knows, until it is done."""
        self._write("UPDATE effect SET transmitted_at = ? WHERE message_id = ?", now.isoformat(), message_id)

    def fail(self, message_id: str, failure: str, now: datetime) -> None:
        """Note that the last attempt certainly failed."""
        self._write(
            "UPDATE effect SET failed_at = ?, failure = ?, transmitted_at = NULL WHERE message_id = ?",
            now.isoformat(),
            failure,
            message_id,
        )

    def finish(self, case: Case, effect: Effect, message_id: str, now: datetime) -> None:
        """Note that the effect is done, also when it was found done without ever having been attempted here."""
        self._write(
            "INSERT INTO effect (offer_id, code, message_id, done_at, basis)"
            " VALUES ((SELECT id FROM offer WHERE identity = ?), ?, ?, ?, ?)"
            " ON CONFLICT (offer_id, code) DO UPDATE SET done_at = excluded.done_at, failed_at = NULL, failure = NULL",
            case.offer.identity,
            effect.code,
            message_id,
            now.isoformat(),
            len(case.replies),
        )

    # Replies

    def has_reply(self, message_id: str) -> bool:
        """Whether this reply has been read."""
        return bool(self._read("SELECT 1 FROM reply WHERE message_id = ?", message_id))

    def add_reply(self, case: Case, reply: ReplyFact, together: Answers | None) -> None:
        """Note a reply, and what all replies together say now."""
        self._write(
            "INSERT INTO reply VALUES ((SELECT id FROM offer WHERE identity = ?), ?, ?, ?, ?, ?, ?)",
            case.offer.identity,
            reply.number,
            reply.message_id,
            reply.received_at.isoformat(),
            answers_to_json(reply.answers),
            reply.stage,
            int(reply.refused),
        )
        self._write(
            "UPDATE offer SET is_settled = 0, answers = coalesce(?, answers) WHERE identity = ?",
            answers_to_json(together) if together else None,
            case.offer.identity,
        )

    def last_answers(self) -> Answers | None:
        """Return the most recent answers that led to a letter, for "same as last time"; None when there are none."""
        for row in self._read("SELECT answers FROM reply WHERE is_refused = 0 ORDER BY received_at DESC LIMIT 50"):
            answers = answers_from_json(row["answers"])
            if answers.outcome.has_letter:
                return answers
        return None

    # Cases

    def unsettled_cases(self) -> list[Case]:
        """Return the offers of which anything may still be owed, oldest first."""
        return self._cases("SELECT * FROM offer WHERE is_settled = 0 ORDER BY id")

    def cases(self) -> list[Case]:
        """Return all offers, oldest first."""
        return self._cases("SELECT * FROM offer ORDER BY id")

    def case(self, identity: str) -> Case:
        """Return the offer of that identity. Raises StoreError when there is none."""
        found = self.find(identity)
        if found is None:
            raise StoreError(f"The state file {self.path} has no offer {identity[:8]}.")
        return found

    def find(self, identity: str) -> Case | None:
        """Return the offer of that identity; None when there is none."""
        return next(iter(self._cases("SELECT * FROM offer WHERE identity = ?", identity)), None)

    def case_of_key(self, key: str) -> Case | None:
        """Return the offer whose identity begins with `key`, as our Message-IDs carry it."""
        return next(iter(self._cases("SELECT * FROM offer WHERE substr(identity, 1, ?) = ?", len(key), key)), None)

    def case_of_token(self, token: str) -> Case | None:
        """Return the offer that the token belongs to."""
        return next(iter(self._cases("SELECT * FROM offer WHERE token = ?", token)), None)

    def cases_of_message(self, message_id: str) -> list[Case]:
        """Return the offers that the introducer made in the message of that Message-ID."""
        return self._cases(
            "SELECT offer.* FROM offer JOIN offer_message ON offer.id = offer_id WHERE offer_message.message_id = ?",
            message_id,
        )

    def cases_of_author(self, email: str) -> list[Case]:
        """Return the offers of one introducer, newest first."""
        return self._cases("SELECT * FROM offer WHERE author = ? ORDER BY id DESC", email.casefold())

    def cases_worded(self, email: str, wording: str | None) -> list[Case]:
        """Return the offers that this author made in these words; none for a wording that is not known."""
        return self._cases("SELECT * FROM offer WHERE author = ? AND wording = ?", email.casefold(), wording)

    def cases_named(self, name: str) -> list[Case]:
        """Return the offers that a person can mean by a handle (or longer piece of the identity) or a Message-ID."""
        bare = name.strip().strip("<>")
        by_message = self.cases_of_message(f"<{bare}>")
        digits = bare.casefold()
        if by_message or len(digits) < _SHORTEST_HANDLE:
            return by_message
        return self._cases("SELECT * FROM offer WHERE substr(identity, 1, ?) = ?", len(digits), digits)

    def location(self, case: Case) -> Location | None:
        """Return where the offer's latest message was seen; None when it came from a file."""
        row = self._read("SELECT mailbox, uid_validity, uid FROM offer WHERE identity = ?", case.offer.identity)[0]
        return None if row["mailbox"] is None else Location(row["mailbox"], row["uid_validity"], row["uid"])

    def check_ins_since(self, moment: datetime) -> int:
        """Return how many check-ins were attempted since then."""
        rows = self._read(
            "SELECT count(*) FROM effect WHERE code LIKE 'check_in-%' AND attempted_at >= ?", moment.isoformat()
        )
        return int(rows[0][0])

    def _cases(self, sql: str, *values: Any) -> list[Case]:
        return [self._case(row) for row in self._read(sql, *values)]

    def _case(self, row: sqlite3.Row) -> Case:
        return Case(
            offer=offer_from_json(row["content"]),
            stage=Stage(row["stage"]),
            found_at=datetime.fromisoformat(row["found_at"]),
            moved_at=datetime.fromisoformat(row["moved_at"]),
            closed_because=Event(row["closed_because"]) if row["closed_because"] else None,
            answers=answers_from_json(row["answers"]) if row["answers"] else None,
            replies=tuple(self._replies(row["id"])),
            effects={fact.code: fact for fact in self._effects(row["id"])},
            askings=row["askings"],
        )

    def _replies(self, offer_id: int) -> Sequence[ReplyFact]:
        return [
            ReplyFact(
                number=row["number"],
                message_id=row["message_id"],
                received_at=datetime.fromisoformat(row["received_at"]),
                answers=answers_from_json(row["answers"]),
                stage=Stage(row["stage"]),
                refused=bool(row["is_refused"]),
            )
            for row in self._read("SELECT * FROM reply WHERE offer_id = ? ORDER BY number", offer_id)
        ]

    def _effects(self, offer_id: int) -> Sequence[EffectFact]:
        return [
            EffectFact(
                code=row["code"],
                message_id=row["message_id"],
                attempts=row["attempts"],
                attempted_at=_moment(row["attempted_at"]),
                transmitted_at=_moment(row["transmitted_at"]),
                resent=row["resent"],
                failed_at=_moment(row["failed_at"]),
                failure=row["failure"],
                done_at=_moment(row["done_at"]),
                basis=row["basis"],
                text=row["text"],
            )
            for row in self._read("SELECT * FROM effect WHERE offer_id = ?", offer_id)
        ]

    # Health

    def health(self) -> Health:
        """Return how the last polls went."""
        rows = self._read("SELECT * FROM health")
        if not rows:
            return Health()
        row = rows[0]
        return Health(
            polled_at=_moment(row["polled_at"]),
            good_at=_moment(row["good_at"]),
            failing_since=_moment(row["failing_since"]),
            failure=row["failure"],
            alarmed_at=_moment(row["alarmed_at"]),
        )

    def record_health(self, health: Health) -> None:
        """Note how the last poll went."""
        with self.transaction():
            self._write(
                "INSERT OR REPLACE INTO health VALUES (1, ?, ?, ?, ?, ?)",
                _text(health.polled_at),
                _text(health.good_at),
                _text(health.failing_since),
                health.failure,
                _text(health.alarmed_at),
            )


_SHORTEST_HANDLE = 4


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _statements(script: str) -> Iterator[str]:
    """Split a migration into statements; `executescript` would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _make_private(path: Path) -> None:
    """Make the file for the owner alone before SQLite would make it for everybody; refuse one that is wider."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        mode = path.stat().st_mode
    except OSError as error:
        raise StoreError(f"The state file {path} cannot be opened: {error.strerror}.") from error
    if mode & _OTHERS:
        raise StoreError(f"The state file {path} can be read by others. Close it to them: chmod 600 {path}")
