"""I/O: files, IMAP, SMTP. From a configuration to a line that runs: the one place where the parts are put together."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from agent import lock
from agent.compose import Composer
from agent.config import Config, Reading
from agent.credentials import Secret, password
from agent.cycle import poll
from agent.detect import Detector
from agent.errors import ConfigError, GraciousError, SubmissionUnknown
from agent.lifecycle import Policy
from agent.line import Count, Line, Names
from agent.mailbox import Session
from agent.model import OwnerMail, Stamp
from agent.phrasebook import Phrasebook
from agent.stationery import Stationery
from agent.store import Health, Store
from agent.submission import Submission
from agent.transport import Server
from agent.wire import owner_mail

Clock = Callable[[], datetime]
Pause = Callable[[float], None]


def utc_now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


def imap_server(config: Config) -> Server:
    """Return where the mailbox is."""
    imap = config.imap
    return Server(imap.host, imap.port, str(imap.security), imap.username, imap.cafile)


def smtp_server(config: Config) -> Server | None:
    """Return where mail to the owner is submitted; None when it goes into the inbox by APPEND."""
    smtp = config.smtp
    return None if smtp is None else Server(smtp.host, smtp.port, str(smtp.security), smtp.username, smtp.cafile)


def detector(reading: Reading) -> Detector:
    """Return the detector with the owner's languages and own phrase files. Raises ConfigError for a broken file."""
    shipped = Phrasebook.shipped(reading.owner.languages)
    own = [_own_phrases(path) for path in reading.detection.phrases]
    settings = reading.detection
    return Detector(reading.owner, (*shipped, *own), settings.threshold, settings.ignore_from)


def _own_phrases(path: Path) -> Phrasebook:
    try:
        return Phrasebook.parse(path.read_text(encoding="utf-8"), source=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"the phrase file {path} cannot be read: {error}"]) from None


def composer(reading: Reading) -> Composer:
    """Return what writes the letters."""
    return Composer(reading.owner, Stationery(reading.templates.directory), reading.checkin.default_pause)


@dataclass(frozen=True)
class Assembly:
    """Everything that stays the same from poll to poll, for one reading of the configuration."""

    config: Config
    detector: Detector
    composer: Composer
    imap_password: Secret
    smtp_password: Secret | None
    now: Clock = utc_now

    @classmethod
    def of(cls, config: Config, environ: Mapping[str, str] = os.environ, now: Clock = utc_now) -> "Assembly":
        """Put the parts together. Raises ConfigError when a secret is missing or a phrase file is broken."""
        return cls(
            config=config,
            detector=detector(config),
            composer=composer(config),
            imap_password=password(config, "imap", environ),
            smtp_password=password(config, "smtp", environ) if config.smtp else None,
            now=now,
        )

    def session(self) -> Session:
        """Return a new connection to the mailbox, signed in."""
        return Session.connect(imap_server(self.config), self.imap_password.reveal())

    def outbox(self) -> Submission | None:
        """Return the way to the owner; None when that is APPEND."""
        server = smtp_server(self.config)
        if server is None or self.smtp_password is None:
            return None
        return Submission(server, self.smtp_password.reveal())

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the state file."""
        store = open_store(self.config)
        try:
            yield store
        finally:
            store.close()

    def sound_alarm(self) -> None:
        """Tell the owner, once, that the mailbox could not be read for `[daemon] alarm_after`, and once that it can be.

        Does nothing where there is no SMTP: the mailbox is then the only way to the owner. Raises SubmissionError.
        """
        outbox = self.outbox()
        if outbox is None:
            return
        with self.store() as store:
            health = store.health()
            since = health.good_at or health.failing_since
            is_blind = health.failing_since is not None
            if since is None or is_blind is (health.alarmed_at is not None):
                return
            if is_blind and self.now() - since < self.config.daemon.alarm_after:
                return
            mail = self._alarm(store, health.alarmed_at or since, (health.failure or "") if is_blind else "")
            with suppress(SubmissionUnknown):  # perhaps told is told: this is no mail to send twice
                outbox.submit(mail, owner_mail(mail), lambda: None)
            # While it lasts, `alarmed_at` holds since when: the good news name it too.
            store.record_health(replace(health, alarmed_at=since if is_blind else None))

    def _alarm(self, store: Store, since: datetime, failure: str) -> OwnerMail:
        domain = self.config.owner.address.rpartition("@")[2]
        kind = "blind" if failure else "seeing"
        stamp = Stamp(store.installation.alarm_id(f"{since.isoformat()} {kind}", domain), self.now())
        return self.composer.alarm(stamp, since, failure)

    def line(self, session: Session, store: Store, pause: Pause) -> Line:
        """Return the line for one poll."""
        config = self.config
        return Line(
            owner=config.owner,
            account=f"{config.imap.username}@{config.imap.host}",
            names=Names(config.imap.inbox, config.imap.drafts, config.imap.sent),
            session=session,
            outbox=self.outbox(),
            store=store,
            detector=self.detector,
            composer=self.composer,
            policy=policy(config),
            first_look=config.poll.first_look,
            max_a_day=config.checkin.max_a_day,
            now=self.now,
            pause=pause,
        )

    def poll(self, doing: str, pause: Pause, wait_for_lock: Callable[[], bool]) -> Count:
        """Run one poll under the lock, and note how it went. Raises what ended it."""
        with lock.held(self.config.state.path, doing, self.now(), wait_for_lock), self.store() as store:
            before, failure = store.health(), "a fault that nobody foresaw; the log has it"
            try:
                with self.session() as session:
                    count = poll(self.line(session, store, pause))
                failure = ""
            except GraciousError as error:
                failure = str(error)
                raise
            finally:
                if failure:
                    store.record_health(_failed(before, failure, self.now()))
            # What went wrong without ending the poll, a check-in that could not be sent, is told by `status`.
            fault = str(count.faults[-1]) if count.faults else None
            good = replace(before, polled_at=self.now(), good_at=self.now(), failing_since=None, failure=fault)
            store.record_health(good)
            return count


def _failed(before: Health, failure: str, now: datetime) -> Health:
    return replace(before, polled_at=now, failing_since=before.failing_since or now, failure=failure)


def policy(reading: Reading) -> Policy:
    """Return the owner's patience."""
    return Policy(reading.checkin.remind_after, reading.checkin.expire_after)


def open_store(reading: Reading) -> Store:
    """Open the state file of a configuration; made, with its secret, if there is none."""
    return Store(reading.state.path, lock.installation(reading.state.path))
