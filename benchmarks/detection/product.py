"""I/O: files, processes. What Gracious makes of mail: the objects of `gracious explain --json`."""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from counting import Reading

from agent import reports
from agent.detect import Detector
from agent.errors import UnreadableMessage
from agent.extract import reply_addresses
from agent.message import parse
from agent.model import Message, Owner
from agent.phrasebook import Phrasebook

_AT_ONCE = 2000
"""Files of one call: their names must fit into the arguments of a process."""


def commanded(paths: Sequence[Path], owner: Owner) -> Iterator[Reading]:
    """Yield what the command itself prints for each file, in order. Exits when it fails, since it has said why."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.toml")
        config.write_text(
            f"[owner]\nname = {json.dumps(owner.name)}\naddresses = {json.dumps(owner.addresses)}\n", "utf-8"
        )
        for start in range(0, len(paths), _AT_ONCE):
            command = [sys.executable, "-m", "agent", "explain", "--json", *map(str, paths[start : start + _AT_ONCE])]
            environment = {**os.environ, "GRACIOUS_CONFIG": str(config)}
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False, text=True)  # noqa: S603
            if done.returncode:
                sys.exit("`gracious explain --json` has failed.")
            yield from (of_row(json.loads(line)) for line in done.stdout.splitlines())


def of_row(row: dict[str, Any]) -> Reading:
    """Return what one object of `explain --json` says."""
    evidence = "; ".join(f"{one['rule']} {one['weight']:+} “{one['text']}”" for one in row["evidence"])
    return Reading(
        row["offer"],
        row["kind"],
        row["introducer"]["greeting"],
        row["contact"]["name"],
        f"{row['score']} {evidence}" if evidence else "",
    )


def for_first_recipients(paths: Sequence[Path], jobs: int) -> list[Reading]:
    """Return what the command would print for each file if its owner were the mail's first recipient."""
    if jobs == 1:
        return [_for_first_recipient(path) for path in paths]
    with multiprocessing.Pool(jobs) as pool:
        return pool.map(_for_first_recipient, paths, chunksize=64)


def _for_first_recipient(path: Path) -> Reading:
    try:
        message = parse(path.read_bytes())
    except UnreadableMessage:
        return Reading(is_offer=False, kind="none")
    verdict = detector(first_recipient(message)).examine(message)
    return of_row(reports.of_verdict(path.name, message, verdict, reply_addresses(message)))


def first_recipient(message: Message) -> Owner:
    """Return an owner of the first address in To or Cc."""
    first = next(iter((*message.to, *message.cc)), None)
    return Owner(first.name, (first.email,)) if first else Owner("", ("nobody@example.invalid",))


@cache
def _prototype() -> Detector:
    return Detector(Owner("", ("nobody@example.invalid",)), Phrasebook.shipped())


def detector(owner: Owner) -> Detector:
    """One detector serves all owners: building the matchers takes longer than reading a hundred mails."""
    return _prototype().serving(owner)
