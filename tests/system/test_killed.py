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


def offered(world: World) -> None:
    """Somebody offers an introduction."""
    world.deliver(an_offer_mail())


def forwarded(world: World) -> None:
    """The owner forwards to himself a mail that was taken for no offer."""
    missed = an_offer_mail(text="Hi Alex,\n\nSara Lindqvist is somebody whom everybody should know.\n\nDev\n")
    world.deliver(missed)
    head = "From: alex@example.com\r\nTo: alex@example.com\r\nSubject: Fwd\r\nMessage-ID: <fwd@client.example>\r\n"
    world.deliver(f"{head}\r\nintro\r\n\r\n-------- Forwarded Message --------\r\n".encode() + missed)


Beginning = Callable[[World], None]


def live(world: World, killer: Killer, beginning: Beginning) -> End:
    """From the first sight of an offer to the notice that its draft is ready."""
    beginning(world)
    world.poll_despite(killer)
    world.reply("no, no")
    world.poll_despite(killer)
    return end_of(world)


def live_from_the_check_in(world: World, killer: Killer, beginning: Beginning) -> End:
    """The same; killed before the owner has the check-in, or not at all."""
    beginning(world)
    world.poll_despite(killer)
    world.reply("no, no")
    world.poll()
    return end_of(world)


def live_twice(world: World, killer: Killer, beginning: Beginning) -> End:
    """The owner has said that it is none, and says that it was one after all."""
    beginning(world)
    world.poll()
    world.reply("This is not an introduction.")
    world.poll()
    world.reply("no, no", changes={"reply-": "second-"})
    world.poll_despite(killer)
    return end_of(world)


def in_a_new_world(system: MailSystem, folder: Path, *, has_smtp: bool) -> World:
    return World(system, folder, has_smtp=has_smtp)


@dataclass(frozen=True)
class Life:
    """How it begins, how it goes on, and by which way the owner is told."""

    beginning: Beginning = offered
    living: Callable[[World, Killer, Beginning], End] = live
    has_smtp: bool = True
    notices: int = 1


LIVES = {
    "smtp": Life(),
    "append": Life(has_smtp=False),
    "forward": Life(forwarded, live_from_the_check_in),
    "second thought": Life(living=live_twice, notices=2),
}


def fresh(folder: Path, killer: Killer, life: Life) -> tuple[End, End]:
    """A whole life on servers of its own, and what one more poll makes of it."""
    folder.mkdir()
    with EmbeddedServers({USER: PASSWORD}) as servers:
        world = in_a_new_world(embedded_system(servers), folder, has_smtp=life.has_smtp)
        end = life.living(world, killer, life.beginning)
        world.poll()
        return end, end_of(world)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", LIVES)
def test_killed_at_any_call_it_ends_with_one_check_in_and_one_draft(
    tmp_path: Path, name: str, record_property: Callable[[str, object], None]
) -> None:
    life, counter = LIVES[name], Killer()
    undisturbed, again = fresh(tmp_path / "undisturbed", counter, life)
    assert undisturbed == again
    assert (undisturbed.check_ins, undisturbed.notices, len(undisturbed.drafts)) == (1, life.notices, 1)
    points = [(number, is_after) for number in range(1, counter.calls + 1) for is_after in (False, True)]
    wrong = [
        (counter.names[number - 1], "after" if is_after else "before", ends)
        for number, is_after in points
        if (ends := fresh(tmp_path / f"{number}-{is_after}", Killer(number, is_after), life))
        != (undisturbed, undisturbed)
    ]
    record_property("kill_points", len(points))
    print(f"{len(points)} kill points tried")  # noqa: T201
    assert wrong == []
