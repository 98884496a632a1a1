"""The embedded IMAP and SMTP servers, as mail clients and the demo see them."""

import json
import smtplib
import socket
import subprocess
import sys
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from agent.embedded import EmbeddedServers

OWNER = "alex@example.com"
OTHER = "kim@example.com"
PASSWORD = "secret"

MAIL = (
    b"From: Ann <ann@example.org>\r\nTo: alex@example.com\r\nSubject: Hello\r\n"
    b"Message-ID: <1@example.org>\r\n\r\nHi\r\n"
)

STRANGE_MAILS = {
    "header only, no blank line": b"Subject: all header\r\n",
    "header only, not even a line end": b"Subject: all header",
    "no header": b"\r\nonly a body\r\n",
    "no header and no body": b"\r\n",
    "bare line feeds": b"Subject: Unix\n\nbody\n",
    "bare carriage returns": b"Subject: Mac\r\rbody\r",
    "NUL": b"Subject: zero\r\n\r\n\0\0\r\n",
    "eight bits everywhere": b"Subject: \xe9\xff\r\nFrom: \xc3\xa9 <a@b>\r\n\r\n\xff\xfe\r\n",
    "a very long line": b"Subject: long\r\n\r\n" + b"x" * 200_000 + b"\r\n",
    "unreadable date": b"Date: the day before yesterday\r\nSubject: date\r\n\r\nbody\r\n",
    "date of the year 99999": b"Date: Mon, 1 Jan 99999 00:00:00 +0000\r\n\r\nbody\r\n",
    "date with an absurd zone": b"Date: Mon, 1 Jan 2024 00:00:00 +99999999999\r\n\r\nbody\r\n",
    "broken addresses": b"From: <<<>>>, (((, @, group: a@b;\r\nSender: a@b, c@d\r\nTo: \r\n\r\nbody\r\n",
    "broken message id": b"Message-ID: <abc@[1.2.3.4\r\nReferences: <\r\n\r\nbody\r\n",
    "broken content type": b'Content-Type: ;;; ="\r\nContent-Disposition: ;;"\r\n\r\nbody\r\n',
    "multipart without boundary": b"Content-Type: multipart/mixed\r\n\r\nbody\r\n",
    "multipart without parts": b"Content-Type: multipart/mixed; boundary=x\r\n\r\nbody\r\n",
    "multipart within multipart, 300 deep": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" * 300,
    "message within message, 300 deep": b"Content-Type: message/rfc822\r\n\r\n" * 300,
    "thousand answers": b"Subject: " + b"Re: " * 2000 + b"\r\n\r\nbody\r\n",
}


@contextmanager
def logged_in(servers: EmbeddedServers, mailbox: str | None = None, user: str = OWNER) -> Iterator[IMAPClient]:
    with IMAPClient(servers.host, port=servers.imap_port, ssl=False, timeout=20) as client:
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(user, PASSWORD)
        if mailbox is not None:
            client.select_folder(mailbox)
        yield client


@contextmanager
def submitting(servers: EmbeddedServers, user: str = OWNER) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(servers.host, servers.smtp_port, timeout=20) as session:
        session.login(user, PASSWORD)
        yield session


class Wire:
    """A client that sends command lines as they are and sees every answer line."""

    def __init__(self, servers: EmbeddedServers, *commands: str, user: str | None = OWNER) -> None:
        self._socket = socket.create_connection((servers.host, servers.imap_port), timeout=20)
        self._lines = self._socket.makefile("rb")
        self.line()
        for command in (*([f"LOGIN {user} {PASSWORD}"] if user else []), *commands):
            self.ask(command)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._lines.close()
        self._socket.close()

    def send(self, line: str) -> None:
        self._socket.sendall(line.encode() + b"\r\n")

    def line(self) -> str:
        """The next line; empty at the end of the connection."""
        return self._lines.readline().decode("utf-8", "replace")

    def until(self, start: str) -> list[str]:
        """The lines up to one that starts so, which is the last; all there are when the connection ends."""
        lines = [self.line()]
        while lines[-1] and not lines[-1].startswith(start):
            lines.append(self.line())
        return [line.rstrip("\r\n") for line in lines]

    def ask(self, command: str) -> list[str]:
        """A command's untagged answers, and its tagged one last, without the tag."""
        self.send(f"t {command}")
        *untagged, tagged = self.until("t ")
        return [*untagged, tagged.removeprefix("t ")]


# --- mailboxes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", STRANGE_MAILS.values(), ids=STRANGE_MAILS.keys())
def test_any_bytes_are_delivered_and_fetched_as_they_are(embedded: EmbeddedServers, raw: bytes) -> None:
    embedded.deliver(raw)
    with logged_in(embedded, "INBOX") as client:
        fetched = client.fetch([1], ["BODY.PEEK[]", "RFC822.SIZE"])[1]
    assert fetched[b"BODY[]"] == raw
    assert fetched[b"RFC822.SIZE"] == len(raw)
    assert [message.raw for message in embedded.messages()] == [raw]


@pytest.mark.parametrize("raw", STRANGE_MAILS.values(), ids=STRANGE_MAILS.keys())
def test_no_mail_kills_the_connection_that_asks_about_it(embedded: EmbeddedServers, raw: bytes) -> None:
    embedded.deliver(raw)
    everything = ["ENVELOPE", "BODYSTRUCTURE", "BODY", "BODY.PEEK[HEADER]", "BODY.PEEK[1]", "BODY.PEEK[1.MIME]"]
    with Wire(embedded, "EXAMINE INBOX") as wire:
        assert wire.ask(f"FETCH 1 ({' '.join(everything)})")[-1] == "OK FETCH completed."
        for key in ("SUBJECT x", "FROM x", "SENTSINCE 1-Jan-2020", "HEADER Message-ID x", "TEXT x", "BODY x"):
            assert wire.ask(f"SEARCH {key}")[-1] == "OK SEARCH completed."
        assert wire.ask("NOOP")[-1] == "OK NOOP completed."


def test_an_appended_mail_keeps_its_bytes_flags_keywords_and_date(embedded: EmbeddedServers) -> None:
    arrived = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
    with logged_in(embedded) as client:
        client.append("Sent", MAIL, [rb"\Seen", b"$Forwarded", b"intro"], arrived)
    [message] = embedded.messages("Sent")
    assert message.raw == MAIL
    assert message.flags == {r"\Seen", "$Forwarded", "intro"}
    assert message.internal_date == arrived


def test_a_delivered_mail_has_the_flags_and_date_it_was_given(embedded: EmbeddedServers) -> None:
    arrived = datetime(2023, 5, 6, 7, 8, 9, tzinfo=UTC)
    embedded.deliver(MAIL, mailbox="Junk", flags=[r"\Flagged", "work"], internal_date=arrived)
    with logged_in(embedded, "Junk") as client:
        client.normalise_times = False
        fetched = client.fetch([1], ["FLAGS", "INTERNALDATE"])[1]
    assert set(fetched[b"FLAGS"]) >= {rb"\Flagged", b"work"}
    assert fetched[b"INTERNALDATE"] == arrived


def test_a_mail_without_a_date_of_its_own_is_dated_by_the_clock() -> None:
    noon = datetime(2031, 1, 1, 12, 0, tzinfo=UTC)
    with EmbeddedServers({OWNER: PASSWORD}, clock=lambda: noon) as servers:
        servers.deliver(MAIL)
        assert [message.internal_date for message in servers.messages()] == [noon]


def test_each_user_has_mailboxes_of_their_own() -> None:
    with EmbeddedServers({OWNER: PASSWORD, OTHER: PASSWORD}) as servers:
        servers.deliver(MAIL, user=OTHER)
        assert (len(servers.messages()), len(servers.messages(user=OTHER))) == (0, 1)


def test_there_is_no_delivery_into_a_mailbox_that_does_not_exist(embedded: EmbeddedServers) -> None:
    with pytest.raises(KeyError, match="Nowhere"):
        embedded.deliver(MAIL, mailbox="Nowhere")


def test_a_mailbox_that_a_client_creates_can_be_used(embedded: EmbeddedServers) -> None:
    with logged_in(embedded) as client:
        client.create_folder("Entwürfe/Später")
        client.subscribe_folder("Entwürfe/Später")
        client.append("Entwürfe/Später", MAIL)
        assert "Entwürfe/Später" in [name for _, _, name in client.list_sub_folders()]
    assert [message.raw for message in embedded.messages("Entwürfe/Später")] == [MAIL]


# --- capabilities --------------------------------------------------------------------------------------------------


def test_special_use_is_told_in_every_kind_of_list(embedded: EmbeddedServers) -> None:
    with Wire(embedded) as wire:
        plain = wire.ask('LIST "" "*"')
        returned = wire.ask('LIST "" "*" RETURN (SPECIAL-USE SUBSCRIBED STATUS (MESSAGES))')
        selected = wire.ask('LIST (SPECIAL-USE) "" "*"')
    assert r'* LIST (\HasNoChildren \Drafts) "/" Drafts' in plain
    assert returned == plain
    assert selected == [line for line in plain if not line.endswith(" INBOX")]


def test_subscribed_mailboxes_can_be_selected_from_a_list(embedded: EmbeddedServers) -> None:
    with Wire(embedded, "CREATE Unread", "UNSUBSCRIBE Trash") as wire:
        names = [line.rpartition(" ")[2] for line in wire.ask('LIST (SUBSCRIBED) "" "%" RETURN (SPECIAL-USE)')[:-1]]
    assert names == ["INBOX", "Drafts", "Sent", "Junk"]


def test_mailboxes_can_have_the_names_of_another_language() -> None:
    with (
        EmbeddedServers({OWNER: PASSWORD}, special_use={"Entwürfe": r"\Drafts"}) as servers,
        logged_in(servers) as client,
    ):
        assert client.find_special_folder(rb"\Drafts") == "Entwürfe"


def test_keywords_of_any_name_can_be_set(embedded: EmbeddedServers) -> None:
    embedded.deliver(MAIL)
    with logged_in(embedded) as client:
        told = client.select_folder("INBOX")
        client.add_flags([1], [b"intro", b"$Label1"])
    assert rb"\*" in told[b"PERMANENTFLAGS"]
    assert rb"\*" not in told[b"FLAGS"]
    assert [message.flags for message in embedded.messages()] == [{"intro", "$Label1"}]


def test_an_append_tells_the_uid_it_gave(embedded: EmbeddedServers) -> None:
    with logged_in(embedded, "Drafts") as client:
        validity = client.folder_status("Drafts", ["UIDVALIDITY"])[b"UIDVALIDITY"]
        answer = client.append("Drafts", MAIL)
        assert f"[APPENDUID {validity} 1]".encode() in answer
        assert client.search("ALL") == [1]


def test_mail_is_moved_copied_and_expunged(embedded: EmbeddedServers) -> None:
    for number in range(4):
        embedded.deliver(b"Subject: %d\r\n\r\n" % number)
    with logged_in(embedded, "INBOX") as client:
        client.move([1], "Junk")
        client.copy([2], "Sent")
        client.add_flags([3], [rb"\Deleted"])
        client.add_flags([4], [rb"\Deleted"])
        client.uid_expunge([3])
        assert client.search("ALL") == [2, 4]
    subjects = {name: [m.raw[:10] for m in embedded.messages(name)] for name in ("INBOX", "Junk", "Sent")}
    assert subjects == {"INBOX": [b"Subject: 1", b"Subject: 3"], "Junk": [b"Subject: 0"], "Sent": [b"Subject: 1"]}


@pytest.mark.parametrize(
    ("capability", "command"),
    [
        ("IDLE", "IDLE"),
        ("MOVE", "UID MOVE 1 Trash"),
        ("UIDPLUS", "UID EXPUNGE 1"),
        ("UNSELECT", "UNSELECT"),
        ("NAMESPACE", "NAMESPACE"),
    ],
)
def test_a_capability_that_was_taken_away_is_neither_told_nor_there(capability: str, command: str) -> None:
    with EmbeddedServers({OWNER: PASSWORD}, without={capability}) as servers:
        servers.deliver(MAIL)
        with Wire(servers, "SELECT INBOX") as wire:
            assert capability not in wire.ask("CAPABILITY")[0].split()
            assert wire.ask(command)[-1].split()[0] in {"NO", "BAD"}
        assert [message.raw for message in servers.messages()] == [MAIL]


def test_without_special_use_no_mailbox_is_special() -> None:
    with EmbeddedServers({OWNER: PASSWORD}, without={"SPECIAL-USE"}) as servers, Wire(servers) as wire:
        assert "Drafts)" not in " ".join(wire.ask('LIST "" "*"'))


def test_without_uidplus_no_uid_is_told() -> None:
    with EmbeddedServers({OWNER: PASSWORD}, without={"UIDPLUS"}) as servers, logged_in(servers, "INBOX") as client:
        servers.deliver(MAIL)
        assert b"APPENDUID" not in client.append("Drafts", MAIL)
        assert b"COPYUID" not in client.copy([1], "Sent")
        assert len(servers.messages("Sent")) == 1


def test_a_token_logs_in_where_tokens_are_given() -> None:
    with EmbeddedServers({OWNER: PASSWORD}, tokens={OWNER: "good"}) as servers:
        with IMAPClient(servers.host, port=servers.imap_port, ssl=False) as client:
            client.oauth2_login(OWNER, "good")
            assert client.folder_exists("Drafts")
        with (
            IMAPClient(servers.host, port=servers.imap_port, ssl=False) as client,
            pytest.raises(LoginError, match="AUTHENTICATIONFAILED"),
        ):
            client.oauth2_login(OWNER, "stale")


def test_a_stale_token_is_first_answered_with_the_reason_as_providers_do() -> None:
    with EmbeddedServers({OWNER: PASSWORD}, tokens={OWNER: "good"}) as servers, Wire(servers, user=None) as wire:
        wire.send("t AUTHENTICATE XOAUTH2")
        wire.line()
        wire.send(b64encode(f"user={OWNER}\1auth=Bearer stale\1\1".encode()).decode())
        reason = wire.line().removeprefix("+ ")
        wire.send("")
        assert wire.line().startswith("t NO [AUTHENTICATIONFAILED]")
    assert json.loads(b64decode(reason))["status"] == "401"


# --- reading without a trace ---------------------------------------------------------------------------------------


def test_an_examined_mailbox_is_not_changed(embedded: EmbeddedServers) -> None:
    embedded.deliver(MAIL, flags=[r"\Deleted"])
    with logged_in(embedded) as client:
        client.select_folder("INBOX", readonly=True)
        client.fetch([1], ["BODY[]"])
        with pytest.raises(IMAPClientError):
            client.add_flags([1], [rb"\Seen"])
        client.close_folder()
        assert client.select_folder("INBOX", readonly=True)[b"RECENT"] == 1
    assert [message.flags for message in embedded.messages()] == [{r"\Deleted"}]


def test_a_selected_mailbox_can_be_left_without_expunging(embedded: EmbeddedServers) -> None:
    embedded.deliver(MAIL, flags=[r"\Deleted"])
    with logged_in(embedded, "INBOX") as client:
        client.unselect_folder()
    assert len(embedded.messages()) == 1


# --- news ----------------------------------------------------------------------------------------------------------


def test_a_search_finds_what_was_delivered_a_moment_ago(embedded: EmbeddedServers) -> None:
    with logged_in(embedded, "INBOX") as client:
        for uid in range(1, 20):
            embedded.deliver(MAIL)
            assert client.search(["UID", f"{uid}:*"]) == [uid]


def test_a_fetch_by_uid_finds_what_was_delivered_a_moment_ago(embedded: EmbeddedServers) -> None:
    with logged_in(embedded, "INBOX") as client:
        embedded.deliver(MAIL)
        assert client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"] == MAIL


def test_a_mail_is_found_by_its_message_id(embedded: EmbeddedServers) -> None:
    embedded.deliver(MAIL)
    embedded.deliver(MAIL.replace(b"<1@", b"\r\n <2@"))
    with logged_in(embedded, "INBOX") as client:
        assert client.search(["HEADER", "Message-ID", "<1@example.org>"]) == [1]
        assert client.search(["HEADER", "Message-ID", "<2@example.org>"]) == [2]
        assert client.search(["HEADER", "Message-ID", "<3@example.org>"]) == []


def test_idle_tells_of_mail_that_came_just_before_it(embedded: EmbeddedServers) -> None:
    with Wire(embedded, "SELECT INBOX") as wire:
        embedded.deliver(MAIL)
        wire.send("t IDLE")
        assert wire.until("* 1 EXISTS")[0] == "+ Idling."


def deliver_many(servers: EmbeddedServers, count: int) -> None:
    for _ in range(count):
        servers.deliver(MAIL)


def test_idle_misses_nothing_in_a_burst(embedded: EmbeddedServers) -> None:
    with Wire(embedded, "EXAMINE INBOX") as wire:
        wire.send("t IDLE")
        burst = threading.Thread(target=deliver_many, args=(embedded, 200))
        burst.start()
        wire.until("* 200 EXISTS")
        burst.join()
        wire.send("DONE")
        assert wire.until("t ")[-1] == "t OK IDLE completed."


def test_a_session_is_told_what_another_session_does(embedded: EmbeddedServers) -> None:
    embedded.deliver(MAIL)
    with Wire(embedded, "SELECT INBOX") as watching, Wire(embedded, "SELECT INBOX") as acting:
        acting.ask(r"STORE 1 +FLAGS (\Flagged)")
        assert r"* 1 FETCH (FLAGS (\Flagged" in " ".join(watching.ask("NOOP"))
        acting.ask(r"STORE 1 +FLAGS (\Deleted)")
        acting.ask("EXPUNGE")
        assert "* 1 EXPUNGE" in watching.ask("NOOP")


def test_new_uids_are_another_mailbox_to_every_client(embedded: EmbeddedServers) -> None:
    for _ in range(3):
        embedded.deliver(MAIL)
    with logged_in(embedded, "INBOX") as client:
        client.delete_messages([1])
        client.expunge()
        before = client.folder_status("INBOX", ["UIDVALIDITY"])[b"UIDVALIDITY"]
        embedded.invalidate_uids()
        with pytest.raises((IMAPClientError, OSError)):
            client.search("ALL")
    with logged_in(embedded, "INBOX") as client:
        assert client.folder_status("INBOX", ["UIDVALIDITY"])[b"UIDVALIDITY"] != before
        assert client.search("ALL") == [1, 2]


# --- what tests can see --------------------------------------------------------------------------------------------


def test_every_command_is_recorded_with_its_connection_and_without_secrets(embedded: EmbeddedServers) -> None:
    with logged_in(embedded) as first, IMAPClient(embedded.host, port=embedded.imap_port, ssl=False) as second:
        second.plain_login(OWNER, PASSWORD)
        first.append("Drafts", MAIL)
        second.folder_status("INBOX", ["MESSAGES"])
    lines = [(entry.connection, entry.line.partition(b" ")[2]) for entry in embedded.commands]
    assert (1, b"LOGIN ***") in lines
    assert (2, b"AUTHENTICATE PLAIN") in lines
    assert lines[-4:] == [
        (1, b'APPEND "Drafts" () {%d}' % len(MAIL)),
        (2, b'STATUS "INBOX" (MESSAGES)'),
        (2, b"LOGOUT"),
        (1, b"LOGOUT"),
    ]


def test_a_literal_in_a_search_is_recorded(embedded: EmbeddedServers) -> None:
    with Wire(embedded, "EXAMINE INBOX") as wire:
        wire.send("t SEARCH SUBJECT {5}")
        wire.line()
        wire.send("Hello")
        wire.until("t ")
    assert embedded.commands[-1].line == b"t SEARCH SUBJECT {5}\r\nHello"


# --- submission ----------------------------------------------------------------------------------------------------


def test_a_submitted_mail_arrives_with_the_trace_of_its_way() -> None:
    noon = datetime(2031, 1, 1, 12, 0, tzinfo=UTC)
    with EmbeddedServers({OWNER: PASSWORD}, clock=lambda: noon) as servers:
        with submitting(servers) as session:
            session.sendmail(OWNER, [OWNER], MAIL)
        [message] = servers.messages()
        assert message.raw == (
            b"Return-Path: <alex@example.com>\r\n"
            b"Delivered-To: alex@example.com\r\n"
            b"Received: from [127.0.0.1] by localhost with ESMTPA\r\n"
            b"\tfor <alex@example.com>; Wed, 01 Jan 2031 12:00:00 +0000\r\n" + MAIL
        )
        assert servers.transcript == [(OWNER, (OWNER,), MAIL)]


def test_a_mail_reaches_every_local_recipient_by_address_detail_and_alias() -> None:
    users = {OWNER: PASSWORD, OTHER: PASSWORD}
    with EmbeddedServers(users, aliases={"a.morgan@example.org": OWNER}) as servers:
        with submitting(servers) as session:
            session.sendmail(OTHER, ["Alex+intro@EXAMPLE.com", "a.morgan@example.org", OTHER], MAIL)
        assert [len(servers.messages(user=user)) for user in users] == [2, 1]


def test_nothing_is_relayed(embedded: EmbeddedServers) -> None:
    with submitting(embedded) as session, pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        session.sendmail(OWNER, ["ann@example.org"], MAIL)
    assert refusal.value.recipients["ann@example.org"][0] == 550
    assert embedded.transcript == []


def test_nothing_is_taken_without_a_login(embedded: EmbeddedServers) -> None:
    with (
        smtplib.SMTP(embedded.host, embedded.smtp_port) as session,
        pytest.raises(smtplib.SMTPSenderRefused) as refusal,
    ):
        session.sendmail(OWNER, [OWNER], MAIL)
    assert refusal.value.smtp_code == 530


@pytest.mark.parametrize("mechanism", ["plain", "login"])
@pytest.mark.parametrize(("password", "code"), [(PASSWORD, 235), ("wrong", 535)])
def test_a_password_is_taken_in_both_usual_ways_and_a_wrong_one_in_neither(
    embedded: EmbeddedServers, mechanism: str, password: str, code: int
) -> None:
    with smtplib.SMTP(embedded.host, embedded.smtp_port) as session:
        session.ehlo()
        session.user, session.password = OWNER, password
        assert answer_to(session, mechanism.upper(), getattr(session, f"auth_{mechanism}")) == code


@pytest.mark.parametrize(("token", "code"), [("good", 235), ("stale", 535)])
def test_a_token_is_taken_for_submission_where_tokens_are_given(token: str, code: int) -> None:
    def bearer(challenge: bytes | None = None) -> str:
        return "" if challenge else f"user={OWNER}\1auth=Bearer {token}\1\1"

    with (
        EmbeddedServers({OWNER: PASSWORD}, tokens={OWNER: "good"}) as servers,
        smtplib.SMTP(servers.host, servers.smtp_port) as session,
    ):
        session.ehlo()
        assert answer_to(session, "XOAUTH2", bearer) == code


def answer_to(session: smtplib.SMTP, mechanism: str, respond: Any) -> int:
    """The reply code to an AUTH."""
    try:
        return session.auth(mechanism, respond)[0]
    except smtplib.SMTPAuthenticationError as refusal:
        return refusal.smtp_code


# --- a mail client that joins --------------------------------------------------------------------------------------

THUNDERBIRD = [
    'ID ("name" "Thunderbird" "version" "140.1")',
    "NAMESPACE",
    'LSUB "" "*"',
    'LIST "" "INBOX"',
    'LIST "" "%" RETURN (SPECIAL-USE)',
    'CREATE "Archives"',
    'SUBSCRIBE "Archives"',
    'SELECT "INBOX"',
    "UID FETCH 1:* (FLAGS)",
    "UID FETCH 1 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Subject Date Message-ID References)])",
    "UID FETCH 1 (BODYSTRUCTURE)",
    "UID FETCH 1 (UID RFC822.SIZE BODY[]<0.12000>)",
    r"UID STORE 1 +FLAGS (\Seen \Answered $label1)",
    r"UID STORE 1 -FLAGS ($label1)",
    'STATUS "Drafts" (UIDNEXT MESSAGES UNSEEN RECENT)',
    "UID SEARCH UNDELETED SINCE 1-Jan-2020",
    'UID COPY 1 "Archives"',
    'UID MOVE 1 "Trash"',
    "NOOP",
    "CHECK",
    'SELECT "Archives"',
    "UID EXPUNGE 1",
    "CLOSE",
    'RENAME "Archives" "Archive"',
    'UNSUBSCRIBE "Archives"',
    'DELETE "Archive"',
]


def test_every_command_of_a_usual_mail_client_is_answered(embedded: EmbeddedServers) -> None:
    embedded.deliver(MAIL)
    with Wire(embedded) as wire:
        answers = {command: wire.ask(command)[-1].split()[0] for command in THUNDERBIRD}
    assert set(answers.values()) == {"OK"}
    assert [message.raw for message in embedded.messages("Trash")] == [MAIL]


def test_a_mail_client_stores_its_sent_mail_without_waiting_for_the_go_ahead(embedded: EmbeddedServers) -> None:
    with Wire(embedded) as wire:
        wire.send(rf't APPEND "Sent" (\Seen) {{{len(MAIL)}+}}' + "\r\n" + MAIL.decode())
        assert "OK [APPENDUID" in wire.until("t ")[-1]
    assert [message.raw for message in embedded.messages("Sent")] == [MAIL]


def test_a_client_with_many_unknown_commands_is_not_thrown_out(embedded: EmbeddedServers) -> None:
    with Wire(embedded) as wire:
        assert {wire.ask("XUNKNOWN")[-1].split()[0] for _ in range(20)} == {"BAD"}
        assert wire.ask("NOOP")[-1] == "OK NOOP completed."


def test_a_list_of_thousands_of_uids_is_understood(embedded: EmbeddedServers) -> None:
    embedded.deliver(MAIL)
    uids = ",".join(str(uid) for uid in range(1, 60_000, 2))
    with Wire(embedded, "EXAMINE INBOX") as wire:
        assert wire.ask(f"UID FETCH {uids} (FLAGS)") == [r"* 1 FETCH (FLAGS () UID 1)", "OK UID FETCH completed."]


# --- the end -------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(20)
def test_the_servers_end_at_once_whatever_their_clients_are_doing() -> None:
    with EmbeddedServers({OWNER: PASSWORD}) as servers:
        for _ in range(30):
            servers.deliver(b"Subject: big\r\n\r\n" + b"x" * 1_000_000)
        idling, quiet, greedy = (Wire(servers, "SELECT INBOX") for _ in range(3))
        idling.send("t IDLE")
        idling.line()
        greedy.send("t FETCH 1:* (BODY.PEEK[])")
        greedy.line()
        half = socket.create_connection((servers.host, servers.smtp_port))
        half.recv(1)
    assert "mail servers" not in [thread.name for thread in threading.enumerate()]
    assert idling.line().startswith("* BYE")
    assert servers.faults == []
    for client in (idling, quiet, greedy):
        client.__exit__()
    half.close()


def test_every_client_can_be_dropped_and_come_back(embedded: EmbeddedServers) -> None:
    with Wire(embedded, "SELECT INBOX") as wire:
        embedded.disconnect()
        assert wire.line().startswith("* BYE")
        assert wire.line() == ""
    with Wire(embedded) as wire:
        assert wire.ask("NOOP")[-1] == "OK NOOP completed."


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_a_whole_life_of_the_servers_gives_no_warning() -> None:
    life = """
import logging, smtplib
from agent.embedded import EmbeddedServers
logging.basicConfig(level=logging.WARNING)
with EmbeddedServers({"alex@example.com": "secret"}) as servers:
    with smtplib.SMTP(servers.host, servers.smtp_port) as session:
        session.login("alex@example.com", "secret")
        session.sendmail("alex@example.com", "alex@example.com", b"Subject: x\\r\\n\\r\\n")
    print(len(servers.messages()))
"""
    ended = python("-W", "error", "-X", "dev", "-c", life)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("1\n", "", 0)


@pytest.mark.parametrize("library", ["pymap", "aiosmtpd"])
def test_a_missing_library_is_told_with_its_cure(library: str) -> None:
    ended = python("-c", f"import sys; sys.modules['{library}'] = None; import agent.embedded")
    assert ended.stderr.splitlines()[-1].endswith("pip install 'gracious[demo]'")
    assert "GraciousError" in ended.stderr.splitlines()[-1]
