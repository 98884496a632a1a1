"""Killed before or after any single call of server or state file: the next run ends as if nothing had happened."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.embedded import EmbeddedServers
from agent.lifecycle import Stage
from tests.servers import PASSWORD, MailSystem, embedded_system
from tests.world import Killer, World, an_offer_mail

USER = "alex@example.com"


@dataclass(frozen=True)
class End:
    """Everything that may not differ."""

    check_ins: int
    notices: int
    drafts: tuple[str, ...]
    stages: tuple[Stage, ...]


def end_of(world: World) -> End:
    mine = world.mail_to_self()
    return End(
        check_ins=len(world.check_ins()),
        notices=len(mine) - len(world.check_ins()),
        drafts=tuple(draft.own_text for draft in world.drafts()),
        stages=tuple(case.stage for case in world.cases()),
    )


def live(world: World, killer: Killer) -> End:
    """From the first sight of an offer to the notice that its draft is ready."""
    world.deliver(an_offer_mail())
    world.poll_despite(killer)
    world.reply("no, no")
    world.poll_despite(killer)
    return end_of(world)


def in_a_new_world(system: MailSystem, folder: Path, *, has_smtp: bool) -> World:
    return World(system, folder, has_smtp=has_smtp)


def fresh(folder: Path, killer: Killer, *, has_smtp: bool) -> tuple[End, End]:
    """A whole life on servers of its own, and what one more poll makes of it."""
    folder.mkdir()
    with EmbeddedServers({USER: PASSWORD}) as servers:
        world = in_a_new_world(embedded_system(servers), folder, has_smtp=has_smtp)
        end = live(world, killer)
        world.poll()
        return end, end_of(world)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("has_smtp", [True, False], ids=["smtp", "append"])
def test_killed_at_any_call_it_ends_with_one_check_in_and_one_draft(
    tmp_path: Path,
    has_smtp: bool,  # noqa: FBT001  # pytest passes parameters by name
    record_property: Callable[[str, object], None],
) -> None:
    counter = Killer()
    undisturbed, again = fresh(tmp_path / "undisturbed", counter, has_smtp=has_smtp)
    assert undisturbed == again
    assert (undisturbed.check_ins, undisturbed.notices, len(undisturbed.drafts)) == (1, 1, 1)
    points = [(number, is_after) for number in range(1, counter.calls + 1) for is_after in (False, True)]
    wrong = [
        (counter.names[number - 1], "after" if is_after else "before", ends)
        for number, is_after in points
        if (ends := fresh(tmp_path / f"{number}-{is_after}", Killer(number, is_after), has_smtp=has_smtp))
        != (undisturbed, undisturbed)
    ]
    record_property("kill_points", len(points))
    print(f"{len(points)} kill points tried")  # noqa: T201
    assert wrong == []
