"""A Gracious that has been blind for long says so, once, and once that it is over."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from agent.assembly import Assembly
from agent.embedded import EmbeddedServers
from agent.errors import MailboxUnavailable
from tests.servers import embedded_system
from tests.world import World


@pytest.fixture
def world(embedded: EmbeddedServers, tmp_path: Path) -> World:
    return World(embedded_system(embedded), tmp_path)


def polled(world: World, *, is_blind: bool) -> Assembly:
    """One poll of the service, by the clock of the world, with the IMAP server there or not."""
    text = world.config_path.read_text()
    port = f"port = {world.system.imap_port}"
    if is_blind:
        world.config_path.write_text(text.replace(port, "port = 1", 1))
    assembly = world.assembly()
    world.config_path.write_text(text)
    with suppress(MailboxUnavailable):
        assembly.poll("run", world.pause, lambda: False)
    assembly.sound_alarm()
    return assembly


def test_blindness_is_told_once_and_its_end_once(world: World) -> None:
    polled(world, is_blind=False)
    for hours in (1, 4, 2, 5):
        world.now += timedelta(hours=hours)
        polled(world, is_blind=True)
    assert [mail.subject for mail in world.mail_to_self()] == ["Gracious cannot read your mailbox"]
    for _ in range(2):
        polled(world, is_blind=False)
    blind, seeing = world.mail_to_self()
    assert seeing.subject == "Gracious reads your mailbox again"
    assert "cannot be reached" in (blind.plain or "")


def test_a_short_interruption_is_nobodys_business(world: World) -> None:
    polled(world, is_blind=False)
    world.now += timedelta(hours=5)
    polled(world, is_blind=True)
    polled(world, is_blind=False)
    assert world.mail_to_self() == []


def test_an_agent_that_never_saw_anything_counts_from_its_first_fault(world: World) -> None:
    for hours in (0, 5, 2):
        world.now += timedelta(hours=hours)
        polled(world, is_blind=True)
    assert len(world.mail_to_self()) == 1
