import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from agent.errors import StoreError
from agent.identity import Installation, wording_of
from agent.lifecycle import CHECK_IN, DRAFT, Event, ReplyFact, Stage
from agent.model import Address, Contact, Evidence, Outcome, Question
from agent.record import answers_from_json, answers_to_json, offer_from_json, offer_to_json
from agent.store import Health, Location, Store, Watermark
from tests.shapes import NOW, an_offer, answers

INSTALLATION = Installation(b"s" * 32)
HERE = Location("INBOX", 7, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "gracious.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store(path, INSTALLATION)) as opened:
        yield opened


def test_the_state_file_is_made_for_the_owner_alone(store: Store, path: Path) -> None:
    with store.transaction():
        store.see("identity", "fingerprint")
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_state_file_that_others_can_read_is_refused(path: Path) -> None:
    Store(path, INSTALLATION).close()
    path.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        Store(path, INSTALLATION)


@pytest.mark.usefixtures("store")
def test_the_state_file_survives_power_loss(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert other.execute("PRAGMA user_version").fetchone()[0] >= 1


def test_a_state_file_of_a_newer_version_is_refused(path: Path) -> None:
    Store(path, INSTALLATION).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreError, match="999"):
        Store(path, INSTALLATION)


def test_something_else_than_a_state_file_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database, however long one looks at it" * 100)
    path.chmod(0o600)
    with pytest.raises(StoreError, match=r"gracious\.db"):
        Store(path, INSTALLATION)


def test_an_offer_comes_back_as_it_was(store: Store) -> None:
    offer = an_offer(
        cc=(Address("Sara", "sara@example.net"),),
        evidence=(Evidence("introduce-you", "introduce you", 4.0, 3, 16), Evidence("list", "List-Id", -9.0)),
        contacts=(Contact(description="a local contact in engineering", field="engineering"),),
        body_html="<p>Grüße \u202e</p>",
        warnings=("Careful.",),
    )
    assert offer_from_json(offer_to_json(offer)) == offer
    with store.transaction():
        store.add_offer(offer, HERE, NOW)
    case = store.case(offer.identity)
    assert (case.offer, case.stage, case.found_at, store.location(case)) == (offer, Stage.FOUND, NOW, HERE)


def test_answers_come_back_as_they_were() -> None:
    said = answers(
        Outcome.CLARIFY,
        swamped=True,
        until=date(2026, 6, 1),
        reason="travelling",
        unclear=("whether you are changing fields",),
        missing=frozenset({Question.CHANGING_FIELDS}),
    )
    assert answers_from_json(answers_to_json(said)) == said


def test_a_write_outside_of_a_transaction_is_a_mistake(store: Store) -> None:
    with pytest.raises(AssertionError):
        store.see("identity", "fingerprint")


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    def interrupted() -> None:
        with store.transaction():
            store.see("identity", "fingerprint")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not store.has_seen("identity", "fingerprint")


def test_a_watermark_only_rises_unless_the_uids_are_new(store: Store) -> None:
    for mark in (Watermark(7, 5), Watermark(7, 3)):
        with store.transaction():
            store.advance("INBOX", mark)
    assert store.watermark("INBOX") == Watermark(7, 5)
    with store.transaction():
        store.advance("INBOX", Watermark(8, 1))
    assert store.watermark("INBOX") == Watermark(8, 1)


def test_the_first_look_is_remembered_for_its_account(store: Store) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    assert store.begin("alex@here", first) == first
    assert store.begin("alex@here", NOW) == first
    assert store.begin("alex@elsewhere", NOW) == NOW


def test_another_account_begins_without_watermarks(store: Store) -> None:
    store.begin("alex@here", NOW)
    with store.transaction():
        store.advance("INBOX", Watermark(7, 5))
    store.begin("alex@elsewhere", NOW)
    assert store.watermark("INBOX") is None


def test_an_effect_remembers_its_attempts_and_its_success(store: Store) -> None:
    with store.transaction():
        store.add_offer(an_offer(), HERE, NOW)
    case = store.case(an_offer().identity)
    with store.transaction():
        store.attempt(case, CHECK_IN, "<check@x>", "Are you swamped?", NOW)
        store.transmit("<check@x>", NOW)
    fact = store.case(case.offer.identity).fact(CHECK_IN)
    assert fact is not None
    assert (fact.attempts, fact.transmitted_at, fact.done_at, fact.resent) == (1, NOW, None, 0)
    with store.transaction():
        store.attempt(case, CHECK_IN, "<check@x>", "Are you swamped?", NOW)
        store.finish(case, CHECK_IN, "<check@x>", NOW)
    fact = store.case(case.offer.identity).fact(CHECK_IN)
    assert fact is not None
    assert (fact.attempts, fact.transmitted_at, fact.done_at, fact.resent) == (2, None, NOW, 1)


def test_a_reply_is_recorded_once(store: Store) -> None:
    with store.transaction():
        store.add_offer(an_offer(), HERE, NOW)
    case = store.case(an_offer().identity)
    said = answers(Outcome.ACCEPT)
    with store.transaction():
        store.add_reply(case, ReplyFact(1, "<reply@x>", NOW, said, Stage.ASKED), said)
    assert store.has_reply("<reply@x>")
    assert store.case(case.offer.identity).answers == said
    assert store.last_answers() == said
    with pytest.raises(StoreError), store.transaction():
        store.add_reply(case, ReplyFact(2, "<reply@x>", NOW, said, Stage.ASKED), said)


def test_a_settled_offer_keeps_no_words(store: Store) -> None:
    with store.transaction():
        store.add_offer(an_offer(), HERE, NOW)
        case = store.case(an_offer().identity)
        store.attempt(case, DRAFT, "<draft@x>", "Dear Dev", NOW)
        store.move(case, Stage.CLOSED, Event.SKIPPED, NOW)
        store.settle(case)
    case = store.case(an_offer().identity)
    fact = case.fact(DRAFT)
    assert fact is not None
    assert (case.offer.own_text, case.offer.body_text, case.offer.sentence, fact.text) == ("", "", "", None)
    assert (case.offer.introducer, case.offer.contact.name) == (an_offer().introducer, "Sara Lindqvist")
    assert store.unsettled_cases() == []


def test_an_offer_is_found_by_everything_that_names_it(store: Store) -> None:
    offer = an_offer()
    with store.transaction():
        store.add_offer(offer, HERE, NOW)
    token = INSTALLATION.token(offer.identity)
    found = [
        store.case_of_key(offer.identity[:16]),
        store.case_of_token(token),
        *store.cases_named(offer.handle),
        *store.cases_named("offer@example.org"),
        *store.cases_of_message("<offer@example.org>"),
        *store.cases_of_author("DEV@example.org"),
    ]
    assert [case.offer.identity if case else None for case in found] == [offer.identity] * 6
    assert store.cases_named("") == []
    assert store.cases_named("ffff") == []


def test_messages_that_share_a_message_id_are_told_apart(store: Store) -> None:
    with store.transaction():
        store.see("identity", "one")
    assert store.has_seen("identity", "one")
    assert not store.has_seen("identity", "other")
    assert store.knows_another("identity", "other")


def test_check_ins_are_counted_by_the_day(store: Store) -> None:
    for number in range(3):
        offer = replace(an_offer(), identity=f"{number:064x}", message_id=f"<{number}@x>")
        with store.transaction():
            store.add_offer(offer, None, NOW)
            at = NOW - timedelta(hours=20 * number)
            store.attempt(store.case(offer.identity), CHECK_IN, f"<c{number}@x>", "", at)
    assert store.check_ins_since(NOW - timedelta(days=1)) == 2


def test_health_is_remembered(store: Store) -> None:
    assert store.health() == Health()
    health = Health(polled_at=NOW, failing_since=NOW, failure="no route to host")
    store.record_health(health)
    assert store.health() == health


def test_offers_are_found_by_their_wording(store: Store) -> None:
    offer = an_offer()
    with store.transaction():
        store.add_offer(offer, HERE, NOW)
    wording = wording_of(offer.sentence)
    assert [case.offer for case in store.cases_worded("DEV@example.org", wording)] == [offer]
    assert store.cases_worded("miriam@okafor.example", wording) == []
    assert store.cases_worded("dev@example.org", wording_of("Something else.")) == []
    assert store.cases_worded("dev@example.org", None) == []
    with store.transaction():
        store.update_offer(replace(offer, sentence=""), None)
    assert len(store.cases_worded("dev@example.org", wording)) == 1


def test_a_reopened_offer_begins_anew_with_its_words(store: Store) -> None:
    with store.transaction():
        store.add_offer(an_offer(), HERE, NOW)
        case = store.case(an_offer().identity)
        said = answers(Outcome.NOT_AN_OFFER)
        store.add_reply(case, ReplyFact(1, "<reply@x>", NOW, said, Stage.ASKED), said)
        store.move(case, Stage.CLOSED, Event.NOT_AN_OFFER, NOW)
        store.settle(case)
    with store.transaction():
        store.reopen(an_offer(), None, NOW + timedelta(days=1))
    case = store.case(an_offer().identity)
    assert (case.stage, case.askings, case.closed_because, case.answers) == (Stage.FOUND, 2, None, None)
    assert (case.offer, len(case.replies)) == (an_offer(), 1)
    assert store.unsettled_cases() == [case]


def test_what_is_wanted_is_looked_for_once(store: Store) -> None:
    with store.transaction():
        for message_id in ("<b@x>", "<a@x>", "<b@x>"):
            store.want(message_id, NOW)
    assert store.wanted() == ["<b@x>", "<a@x>"]
    with store.transaction():
        store.look_for("<b@x>")
    assert store.wanted() == ["<a@x>"]


def test_an_older_state_file_is_brought_up_to_date_and_kept_beside(path: Path) -> None:
    first = (resources.files("agent") / "migrations" / "0001.sql").read_text(encoding="utf-8")
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    offer = an_offer()
    row = (
        offer.identity,
        "token",
        "dev@example.org",
        Stage.ASKED,
        NOW.isoformat(),
        NOW.isoformat(),
        offer_to_json(offer),
    )
    with closing(sqlite3.connect(path)) as older:
        older.executescript(f"{first}; PRAGMA user_version = 1;")
        older.execute(
            "INSERT INTO offer (identity, token, author, stage, found_at, moved_at, content)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        older.commit()
    with closing(Store(path, INSTALLATION)) as store:
        (case,) = store.cases()
    assert (case.offer, case.stage, case.askings) == (offer, Stage.ASKED, 1)
    kept = path.with_name(f"{path.name}.before-2")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
