"""The line in a world of its own: on every mail system that is installed, and on the embedded servers alone."""

from pathlib import Path

import pytest

from agent.embedded import EmbeddedServers
from tests.servers import MailSystem, embedded_system
from tests.world import World


@pytest.fixture
def world(mail_system: MailSystem, tmp_path: Path) -> World:
    return World(mail_system, tmp_path)


@pytest.fixture
def embedded_world(embedded: EmbeddedServers, tmp_path: Path) -> World:
    return World(embedded_system(embedded), tmp_path)
