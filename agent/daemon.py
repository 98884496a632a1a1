"""I/O: the background service. When to poll; what a poll does is `cycle`'s business.

Three things start a poll: the interval, the server's own news (IDLE), and the end of a pause after a fault. The
truth is always the poll; IDLE only wakes it. Signals: TERM and INT stop, HUP reads the configuration again.
"""

import logging
import os
import queue
import random
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from types import FrameType
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from agent.assembly import Assembly
from agent.errors import ConfigError, GraciousError, LoginRefused, MailboxError, MailboxUnavailable, StateLocked
from agent.line import Count
from agent.mailbox import Session, wired
from agent.notify import ServiceManager

log = logging.getLogger("gracious")
# It says at every poll that it polls, and a warning whenever one is still running.
logging.getLogger("apscheduler").setLevel(logging.ERROR)

_JOB = "poll"
_IDLE_SECONDS = 300.0
"""One IDLE command's length: well below the 29 minutes of RFC 2177, since boxes in between forget sooner."""
_HUNG_SECONDS = 15 * 60.0
"""A poll that takes longer than this hangs: the watchdog is no longer fed."""
_TICK_SECONDS = 10.0
_PATIENCE_SECONDS = 5.0
"""How long a running poll may take to end after the order to stop."""
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 30, 60, 120, 300, 600, 1200, 1800))
"""Between polls while the mailbox cannot be reached."""
LOGIN_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 60))
"""After a refused login: providers lock accounts that are tried again and again."""


class Order(StrEnum):
    """What a signal, or a poll that cannot go on, asks of the main thread."""

    STOP = "stop"
    RELOAD = "reload"


_ORDER_OF_SIGNAL = {signal.SIGTERM: Order.STOP, signal.SIGINT: Order.STOP, signal.SIGHUP: Order.RELOAD}


@dataclass
class Trouble:
    """The faults since the last good poll: each is logged once, not at every attempt."""

    attempts: int = 0
    logged: str = ""

    def note(self, error: BaseException) -> None:
        """Count a fault, and log it unless it is the one logged last."""
        self.attempts += 1
        if str(error) != self.logged:
            self.logged = str(error)
            log.warning("%s Trying again, with growing pauses.", error)

    def over(self) -> None:
        """Say once that it is over."""
        if self.attempts:
            log.info("The mailbox can be reached again, after %d attempts.", self.attempts)
        self.attempts, self.logged = 0, ""


def pause_after(error: BaseException, attempts: int, jitter: Callable[[], float]) -> timedelta:
    """Return how long to wait after the `attempts`th fault in a row; `jitter` gives a number from 0 to 1."""
    pauses = LOGIN_PAUSES if isinstance(error, LoginRefused) else PAUSES
    return pauses[min(attempts, len(pauses)) - 1] * (0.75 + jitter() / 2)


class Daemon:
    """The service: a scheduler with one job, a watch on the inbox, and a main thread that waits for orders."""

    def __init__(
        self,
        assemble: Callable[[], Assembly],
        manager: ServiceManager,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._assemble = assemble
        self._manager = manager
        self._jitter = jitter
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._trouble = Trouble()
        self._has_been_good = False
        self._busy_since: datetime | None = None
        self._has_news = threading.Event()
        self._at_rest = threading.Event()
        self._at_rest.set()
        self._exit_code = 0
        self._assembly = assemble()
        self._scheduler: Any = BackgroundScheduler(executors={"default": ThreadPoolExecutor(1)}, timezone=UTC)
        self._watch: Watch | None = None

    def run(self) -> int:
        """Serve until told to stop; return the exit code."""
        self._listen_to_signals()
        self._scheduler.start()
        self._begin()
        self._manager.ready("watching the mailbox")
        self._serve()
        self._manager.stopping()
        log.info("Stopping.")
        self._stopping.set()
        self._end_watch()
        self._scheduler.shutdown(wait=False)
        if not self._at_rest.wait(_PATIENCE_SECONDS):
            # It waits for a server that does not answer. Being killed anywhere is safe, so end here and now.
            log.warning("A poll was still waiting for a server; the next start continues it.")
            logging.shutdown()
            os._exit(self._exit_code)
        return self._exit_code

    def _listen_to_signals(self) -> None:
        for number, order in _ORDER_OF_SIGNAL.items():
            signal.signal(number, partial(self._hear, order))

    def _hear(self, order: Order, _number: int, _frame: FrameType | None) -> None:
        self._orders.put(order)

    def _serve(self) -> None:
        seconds = min(_TICK_SECONDS, (self._manager.watchdog_seconds or 2 * _TICK_SECONDS) / 2)
        while True:
            order = None
            with suppress(queue.Empty):
                order = self._orders.get(timeout=seconds)
            if order is Order.STOP:
                return
            if order is Order.RELOAD:
                self._reload()
            if not self._is_hung():
                self._manager.alive()

    def _is_hung(self) -> bool:
        since = self._busy_since
        return since is not None and (datetime.now(UTC) - since).total_seconds() > _HUNG_SECONDS

    def _begin(self) -> None:
        every = self._assembly.config.poll.every
        self._scheduler.add_job(
            self._poll,
            "interval",
            seconds=every.total_seconds(),
            id=_JOB,
            replace_existing=True,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )
        if self._assembly.config.poll.idle:
            self._watch = Watch(self._assembly, self._poll_soon, self._jitter)
            self._watch.start()

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def _reload(self) -> None:
        self._manager.reloading()
        try:
            self._assembly = self._assemble()
        except GraciousError as error:
            log.error("The new configuration is not used; the old one goes on. %s", error)  # noqa: TRY400
        else:
            log.info("Configuration read again.")
            self._end_watch()
            self._begin()
        self._manager.ready("watching the mailbox")

    # The job

    def _poll_soon(self) -> None:
        # While a pause after a fault runs, the server's news do not shorten it.
        if self._busy_since is not None:
            self._has_news.set()  # the scheduler would drop a second run
        elif not self._trouble.attempts and not self._stopping.is_set():
            self._poll_at(datetime.now(UTC))

    def _poll_at(self, moment: datetime) -> None:
        if not self._stopping.is_set() and self._scheduler.get_job(_JOB) is not None:
            self._scheduler.modify_job(_JOB, next_run_time=moment)

    def _poll(self) -> None:
        if self._stopping.is_set():
            return
        self._busy_since = datetime.now(UTC)
        self._at_rest.clear()
        try:
            self._attempt()
            self._tell_of_blindness()
        finally:
            self._busy_since = None
            self._at_rest.set()
        if self._has_news.is_set():
            self._has_news.clear()
            self._poll_soon()

    def _attempt(self) -> None:
        try:
            count = self._assembly.poll("run", self._pause, self._wait_for_lock)
        except (LoginRefused, ConfigError) as error:
            self._refused(error)
        except GraciousError as error:
            self._retry(error)
        except Exception as error:  # the scheduler would swallow it
            log.exception("A poll failed in a way that nobody foresaw.")
            self._retry(error)
        else:
            self._succeeded(count)

    def _succeeded(self, count: Count) -> None:
        self._trouble.over()
        self._has_been_good = True
        self._manager.status(f"last poll {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        if count.offers or count.replies or count.drafts:
            log.info(
                "Offers found: %d. Check-ins sent: %d. Replies read: %d. Letters saved: %d.",
                count.offers,
                count.checkins,
                count.replies,
                count.drafts,
            )

    def _refused(self, error: GraciousError) -> None:
        """End when it never worked: only the owner can mend that. Later on it may be the provider's passing mood."""
        if self._has_been_good:
            self._retry(error)
            return
        log.error("%s", error)
        self._exit_code = error.exit_code
        self._orders.put(Order.STOP)

    def _retry(self, error: BaseException) -> None:
        self._trouble.note(error)
        if isinstance(error, StateLocked):
            pause = PAUSES[1]
        else:
            pause = pause_after(error, self._trouble.attempts, self._jitter)
        self._manager.status(f"trying again in {pause.total_seconds():.0f} s: {error}")
        self._poll_at(datetime.now(UTC) + pause)

    def _tell_of_blindness(self) -> None:
        try:
            self._assembly.sound_alarm()
        except GraciousError as error:  # without SMTP nobody can be told; the log and `status` say it
            log.debug("The owner could not be told: %s", error)

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _wait_for_lock(self) -> bool:
        return not self._stopping.wait(0.5) and self._lock_patience()

    def _lock_patience(self) -> bool:
        since = self._busy_since
        return since is not None and datetime.now(UTC) - since < timedelta(seconds=10)


class Watch(threading.Thread):
    """A second connection that waits in IDLE on the inbox and asks for a poll when the server tells of news."""

    def __init__(self, assembly: Assembly, poll_soon: Callable[[], None], jitter: Callable[[], float]) -> None:
        super().__init__(name="watch", daemon=True)
        self._assembly = assembly
        self._poll_soon = poll_soon
        self._jitter = jitter
        self._is_over = threading.Event()
        self._waker, self._wake = socket.socketpair()

    def stop(self) -> None:
        """End the thread, wherever it waits."""
        self._is_over.set()
        self._waker.send(b"!")
        self.join(timeout=5.0)
        self._waker.close()
        self._wake.close()

    def run(self) -> None:
        """Connect, wait, ask for polls; again after every fault, with growing pauses."""
        attempts = 0
        while not self._is_over.is_set():
            try:
                with self._assembly.session() as session:
                    if "IDLE" not in session.capabilities():
                        log.info("The server has no IDLE; the interval alone starts polls.")
                        return
                    session.examine(wired(self._assembly.config.imap.inbox))
                    attempts = 0
                    self._listen(session)
            except (LoginRefused, MailboxUnavailable) as error:  # a refused login is the poll's to tell
                attempts += 1
                log.debug("The watch on the inbox broke: %s", error)
                self._is_over.wait(pause_after(error, attempts, self._jitter).total_seconds())
            except MailboxError as error:
                log.warning("The watch on the inbox ended; the interval alone starts polls. %s", error)
                return

    def _listen(self, session: Session) -> None:
        # What came between the last poll and this moment is announced by nobody.
        self._poll_soon()
        while not self._is_over.is_set():
            if session.wait_for_news(_IDLE_SECONDS, self._wake):
                self._poll_soon()
