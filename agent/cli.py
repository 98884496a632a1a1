"""I/O: terminal. The command line; each command says in a few lines which parts do the work.

Exit codes: 0 done, 1 failed, 64 usage, 75 temporarily unavailable, 77 login refused, 78 configuration.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from agent import __version__
from agent.errors import ConfigError, GraciousError
from agent.terminal import complain, emit, is_terminal, moment, say, table, tolerate_any_locale

if TYPE_CHECKING:
    from agent.config import Config, Reading
    from agent.explain import Explained, Illegible
    from agent.raw import Unread
    from agent.scan import Found

# Commands import what they need when they run: `--help` answers at once.

_USAGE = 64
_INTERRUPTED = 130
_LOCK_PATIENCE_SECONDS = 10.0


class Moment(click.ParamType[datetime]):
    """An ISO 8601 date or moment; one without a zone is taken in the owner's, so it stays naive here."""

    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment, or fail as click wants it."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO 8601 date or time, such as 2026-05-04T09:30", param, ctx)


def _remember(ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(dict)["config"] = value


def _with_config(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        expose_value=False,
        callback=_remember,
        help="The configuration file.",
    )(command)


_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gracious")
@_with_config
def cli() -> None:
    """Answer offers of introduction graciously, from your own mailbox."""


def _path() -> Path:
    from agent.config import find

    return find(click.get_current_context().ensure_object(dict).get("config"))


def _config() -> "Config":
    from agent.config import load

    return load(_path())


def _reading() -> "Reading":
    from agent.config import load_for_reading

    return load_for_reading(_path())


def main() -> NoReturn:
    """Run the command line; every way out carries its exit code."""
    tolerate_any_locale()
    try:
        cli(standalone_mode=False, prog_name="gracious")
    except click.UsageError as error:
        error.show()
        sys.exit(_USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except ConfigError as error:
        complain("The configuration cannot be used:")
        for problem in error.problems:
            complain(f"  • {problem}")
        sys.exit(error.exit_code)
    except GraciousError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more may be written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(0)


def _log_to_stderr(*, verbose: bool) -> None:
    # The journal stamps its lines itself.
    stamp = "" if os.environ.get("JOURNAL_STREAM") else "%(asctime)s "
    logging.basicConfig(level=logging.WARNING, format=f"{stamp}%(message)s", datefmt="%Y-%m-%d %H:%M:%S", force=True)
    logging.getLogger("gracious").setLevel(logging.DEBUG if verbose else logging.INFO)


def _moment_of(now: datetime | None, reading: "Reading") -> datetime:
    if now is None:
        return datetime.now(UTC)
    return (now if now.tzinfo else now.replace(tzinfo=reading.owner.timezone)).astimezone(UTC)


# ── The service ───────────────────────────────────────────────────────────────────────────────────────────────────


@cli.command()
@_with_config
@_json
@click.option("-v", "--verbose", is_flag=True, help="Say more in the log.")
def once(*, as_json: bool, verbose: bool) -> None:
    """Poll once, then exit."""
    from agent import reports
    from agent.assembly import Assembly

    _log_to_stderr(verbose=verbose)
    assembly = Assembly.of(_config())
    count = assembly.poll("once", time.sleep, _patience())
    if as_json:
        emit(reports.of_count(count))
    else:
        say(reports.counted(count))
    if count.faults:
        raise max(count.faults, key=lambda fault: fault.exit_code)


def _patience() -> Callable[[], bool]:
    """Return what waits a little for another process' lock, and says when that was long enough."""
    give_up_at = time.monotonic() + _LOCK_PATIENCE_SECONDS

    def wait() -> bool:
        time.sleep(0.2)
        return time.monotonic() < give_up_at

    return wait


@cli.command()
@_with_config
@click.option("-v", "--verbose", is_flag=True, help="Say more in the log.")
def run(*, verbose: bool) -> None:
    """Run in the background until told to stop: the service."""
    from agent.assembly import Assembly
    from agent.config import load
    from agent.daemon import Daemon
    from agent.notify import ServiceManager

    _log_to_stderr(verbose=verbose)
    path = _path()
    code = Daemon(lambda: Assembly.of(load(path)), ServiceManager()).run()
    logging.shutdown()
    raise SystemExit(code)


@cli.command()
@_with_config
@_json
def check(*, as_json: bool) -> None:
    """Try everything that the service needs, step by step."""
    from agent.checkup import examine

    code = 0
    for step in examine(_path()):
        code = max(code, step.exit_code)
        if as_json:
            emit({"step": step.step, "ok": step.ok, "detail": step.detail, "cure": step.cure or None})
        else:
            say(f"{'ok  ' if step.ok else 'FAIL'} {step.step:<13} {step.detail}")
            if step.cure:
                say(f"{'':18} → {step.cure}")
    raise SystemExit(code)


@cli.command()
@_with_config
@_json
@click.option("--since", type=Moment(), help="Only mail from this date on.")
@click.option("--mailbox", "mailbox", help="Another mailbox than the inbox.")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
def scan(*, paths: tuple[str, ...], as_json: bool, since: datetime | None, mailbox: str | None) -> None:
    """List the offers in old mail, and the near misses. Writes nothing anywhere.

    Reads the mailbox, or without any server what is named: mbox files, folders of messages, Maildirs.
    """
    if paths and mailbox:
        raise click.UsageError("--mailbox names one on the server; leave it out to scan files.")
    listing = _Listing(as_json=as_json)
    day = since.date() if since else None
    with _progress(shown=not (as_json and is_terminal(sys.stdout))) as advance:
        for found in _scanned_files(paths, day) if paths else _scanned_mailbox(mailbox, day):
            listing.add(found, advance)
    listing.end()
    raise SystemExit(listing.code)


def _scanned_files(paths: tuple[str, ...], day: date | None) -> "Iterator[Found]":
    from agent.assembly import detector
    from agent.raw import contents, size
    from agent.scan import Files

    reading = _reading()
    files = Files(detector(reading), reading.owner, day)
    return files.scan((one for named in paths for one in contents(named)), sum(map(size, paths)))


def _scanned_mailbox(mailbox: str | None, day: date | None) -> "Iterator[Found]":
    from agent.assembly import Assembly
    from agent.judge import Judge
    from agent.mailbox import wired
    from agent.scan import scan

    assembly = Assembly.of(_config())
    imap = assembly.config.imap
    with assembly.session() as session:
        special = session.special(imap.inbox, imap.drafts, imap.sent)
        judge = Judge(session, special, assembly.detector)
        name = wired(mailbox) if mailbox else special.inbox
        yield from scan(session, judge, assembly.config.owner, name, day)


class _Listing:
    """What a scan shows: JSON as it is found, or a list in the end, the likeliest first."""

    def __init__(self, *, as_json: bool) -> None:
        self.code = 0
        self._as_json = as_json
        self._rows: list[dict[str, Any]] = []
        self._passed = 0

    def add(self, found: "Found", advance: Callable[[int, int], None]) -> None:
        from agent import reports
        from agent.raw import Unread
        from agent.scan import Candidate, Progress

        if isinstance(found, Progress):
            advance(found.done, found.total)
        elif isinstance(found, Candidate):
            row = reports.of_candidate(found.identity, found.message, found.verdict)
            self._show(row, found.name, found.verdict.sentence or "")
        elif isinstance(found, Unread):
            self.code = 1
            complain(found.reason)
        else:
            self._passed += 1

    def _show(self, row: dict[str, Any], name: str, sentence: str) -> None:
        if self._as_json:
            emit(row)
        else:
            self._rows.append({**row, "file": name, "sentence": sentence})

    def end(self) -> None:
        if self._passed:
            complain(f"Passed over, since they are no mail that can be read: {self._passed}.")
        if self._as_json:
            return
        self._rows.sort(key=lambda row: (-row["score"], row["date"] or ""))
        self._say("Offers", [row for row in self._rows if row["stage"] == "offer"])
        self._say("Near misses", [row for row in self._rows if row["stage"] != "offer"])

    @staticmethod
    def _say(heading: str, rows: list[dict[str, Any]]) -> None:
        say(f"{heading}: {len(rows) or 'none'}")
        for row in rows:
            whom = f", about {row['contact']}" if row["contact"] else ""
            about = f"{row['introducer']}{whom}: {row['subject'] or '(no subject)'}"
            say(f"{row['score']:6.1f}  {(row['date'] or '')[:10]:10}  {about}")
            if row["sentence"]:
                say(f"{'':20}“{_cut(row['sentence'])}”")
            say(f"{'':20}{row['offer']}" + (f"  {row['file']}" if row["file"] else ""))
        say()


_LONGEST_SENTENCE = 240


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SENTENCE else f"{text[: _LONGEST_SENTENCE - 1]}…"


_MOMENT_SECONDS = 1.0


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal for what takes longer than a moment."""
    if not shown or not is_terminal(sys.stderr):
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task, show_from = bar.add_task("reading", total=None), time.monotonic() + _MOMENT_SECONDS

    def advance(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total or None)
        if not bar.live.is_started and time.monotonic() >= show_from:
            bar.start()

    try:
        yield advance
    finally:
        bar.stop()


def _show_rows(rows: list[dict[str, Any]], keys: tuple[str, ...], nothing: str) -> None:
    if not rows:
        say(nothing)
        return
    table(keys, ([("" if row[key] is None else str(row[key])) for key in keys] for row in rows))


# ── Without a server ──────────────────────────────────────────────────────────────────────────────────────────────


@cli.command()
@_with_config
@_json
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
def explain(*, files: tuple[str, ...], as_json: bool) -> None:
    """Say for raw messages whether they are offers, and why.

    A folder or an mbox is read whole, `mbox#3` is the third of it, `-` is standard input. Ends with 1 when something
    cannot be opened; what can is explained all the same.
    """
    from agent.assembly import detector
    from agent.explain import explain
    from agent.raw import Unread

    reading, code, is_empty = _reading(), 0, True
    show = _in_json if as_json else _in_place if is_terminal(sys.stdout) else _in_lines
    for one in explain(files, detector(reading)):
        show(one, reading.detection.threshold)
        code, is_empty = 1 if isinstance(one, Unread) else code, False
    if is_empty:
        complain("There is no mail in there.")
    raise SystemExit(code)


def _in_place(one: "Explained | Illegible | Unread", _threshold: float) -> None:
    from agent.explain import Explained
    from agent.showing import show_unread, show_verdict

    if isinstance(one, Explained):
        show_verdict(one.name, one.message, one.verdict, one.reply_to)
    else:
        show_unread(one.name, one.reason)


def _in_json(one: "Explained | Illegible | Unread", threshold: float) -> None:
    emit(_row(one, threshold))


def _in_lines(one: "Explained | Illegible | Unread", threshold: float) -> None:
    _say_verdict(_row(one, threshold))


def _row(one: "Explained | Illegible | Unread", threshold: float) -> dict[str, Any]:
    from agent import reports
    from agent.explain import Explained

    if isinstance(one, Explained):
        return reports.of_verdict(one.name, one.message, one.verdict, one.reply_to)
    complain(one.reason)
    return reports.of_unreadable(one.name, one.reason, threshold)


def _say_verdict(row: dict[str, Any]) -> None:
    answer = "an offer" if row["offer"] else f"no offer ({row['kind']})"
    say(f"{row['file']}: {answer}, {row['score']:g} of {row['threshold']:g}")
    introducer, contact = row["introducer"], row["contact"]
    if row["offer"]:
        whom = contact["name"] or contact["description"] or "somebody"
        say(f"  from {introducer['name'] or introducer['address']}, about {whom}")
    for one in row["evidence"]:
        say(f"  {one['weight']:+6.1f}  {one['rule']:<28} “{' '.join(one['text'].split())}”")


@cli.command()
@_with_config
@click.argument("offer", metavar="OFFER.eml")
@click.option("--answer", metavar="TEXT", help="What you would reply to the check-in.")
@click.option("--now", type=Moment(), help="The moment of writing; default: now.")
def preview(*, offer: str, answer: str | None, now: datetime | None) -> None:
    """Print the check-in for an offer, or the draft that an answer would lead to, as a raw message."""
    from agent.commands import Preview

    reading = _reading()
    shown = Preview.of(reading, offer, _moment_of(now, reading))
    content = shown.check_in() if answer is None else shown.draft(answer)
    sys.stdout.buffer.write(content)
    sys.stdout.flush()


@cli.command()
@_with_config
@_json
@click.argument("replies", nargs=-1, required=True, metavar="REPLY.eml…")
@click.option("--checkin", metavar="CHECKIN.eml", help="The check-in that is answered; else found in the state.")
@click.option("--now", type=Moment(), help="The moment of reading; default: now.")
@click.option("--last", metavar="JSON", help='An earlier answer, for "same as last time".')
def interpret(
    *, replies: tuple[str, ...], checkin: str | None, now: datetime | None, last: str | None, as_json: bool
) -> None:
    """Say what replies to a check-in are understood to mean."""
    from agent.commands import interpreter
    from agent.raw import messages
    from agent.reply import from_json, to_json

    reading = _reading()
    try:
        earlier = from_json(json.loads(last)) if last else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise click.BadParameter(
            f"not an answer as `interpret --json` prints it: {error}", param_hint="--last"
        ) from None
    with interpreter(reading, checkin, earlier, _moment_of(now, reading)) as reader:
        for raw in (raw for named in replies for raw in messages(named)):
            row = {"file": raw.name, **to_json(reader.read_or_ignore(raw.content))}
            emit(row) if as_json else _show_answers(row)


def _show_answers(row: dict[str, Any]) -> None:
    words = {True: "yes", False: "no", None: "not said"}
    say(f"{row['file']}: {row['outcome']}")
    say(f"  swamped: {words[row['swamped']]}" + "".join(f", {row[key]}" for key in ("until", "reason") if row[key]))
    say(f"  changing fields: {words[row['changing_fields']]}" + (f", {row['new_field']}" if row["new_field"] else ""))
    for unclear in row["unclear"]:
        say(f"  unclear: {unclear}")


# ── The state ─────────────────────────────────────────────────────────────────────────────────────────────────────


@cli.command()
@_with_config
@_json
def status(*, as_json: bool) -> None:
    """List every open offer with its stage and what happens next, and the last poll's health."""
    from agent import reports
    from agent.assembly import open_store, policy
    from agent.lifecycle import Stage

    reading = _reading()
    if not reading.state.path.exists():
        if not as_json:
            say("Gracious has not run yet with this configuration.")
        return
    store, now, patience = open_store(reading), datetime.now(UTC), policy(reading)
    rows = [reports.of_case(case, now, patience) for case in store.cases() if case.stage is not Stage.CLOSED]
    if as_json:
        for row in rows:
            emit(row)
        return
    zone = reading.owner.timezone
    for row in rows:
        row["due"] = moment(datetime.fromisoformat(row["due"]), zone) if row["due"] else None
    _show_rows(rows, ("offer", "stage", "introducer", "contact", "next", "due"), "No offer is open.")
    _show_health(store, zone)


def _show_health(store: Any, zone: Any) -> None:
    health = store.health()
    say()
    last, good = (moment(value, zone) or "never" for value in (health.polled_at, health.good_at))
    say(f"Last poll: {last}. Last good poll: {good}.")
    if health.failing_since:
        say(f"Failing since {moment(health.failing_since, zone)}: {health.failure}")
    elif health.failure:
        say(f"In the last poll: {health.failure}")
    for passed in store.unreadable()[-5:]:
        say(f"Passed over: message {passed.location.uid} in {passed.location.mailbox}: {passed.reason}")


@cli.command()
@_with_config
@click.argument("offer")
@click.argument("text")
def answer(*, offer: str, text: str) -> None:
    """Answer the check-in about OFFER (its handle, or the Message-ID), as you would by mail."""
    from agent import commands

    answers = commands.answer(_reading(), offer, text, datetime.now(UTC))
    say(f"Understood: {answers.outcome}. The next poll acts on it.")


@cli.command()
@_with_config
@click.argument("named", metavar="FILE|MESSAGE-ID")
def ask(*, named: str) -> None:
    """Be asked about a mail that was missed: "that was one".

    FILE holds the raw mail (`-` is standard input); a Message-ID is looked for in the mailbox by the next poll.
    """
    from agent import commands

    say(commands.ask(_reading(), named, datetime.now(UTC)))


@cli.command()
@_with_config
@click.argument("offer")
def forget(*, offer: str) -> None:
    """Close OFFER without a letter and delete what was kept of it."""
    from agent import commands

    forgotten = commands.forget(_reading(), offer, datetime.now(UTC))
    say(f"Forgotten: {forgotten.handle}, {forgotten.subject}")


@cli.command()
@click.option("--serve", is_flag=True, help="Keep the servers up, so that your own mail client can join in.")
@_with_config
def demo(*, serve: bool) -> None:
    """Show the whole line, for real, on an embedded IMAP and SMTP server."""
    from agent.demo import perform

    perform(serve=serve)
