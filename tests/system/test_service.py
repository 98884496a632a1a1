"""The program as a process: exit codes, signals, the service manager's socket, the lock."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from agent import lock
from agent.embedded import EmbeddedServers
from tests.servers import embedded_system
from tests.world import World, an_offer_mail

SECONDS = 60


def command(world: World, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "agent", *arguments, "--config", str(world.config_path)]


def environ(world: World, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error", **world.environ, **more}


def gracious(world: World, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command(world, *arguments),
        env=environ(world, **more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def lines(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


Service = tuple[subprocess.Popen[str], socket.socket]


@contextmanager
def service(world: World, *, until: str) -> Iterator[Service]:
    """`gracious run` under a service manager; entered when it has said `until`."""
    address = world.folder / "notify"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(address))
        manager.settimeout(SECONDS)
        process = subprocess.Popen(  # noqa: S603
            command(world, "run"),
            env=environ(world, NOTIFY_SOCKET=str(address), WATCHDOG_USEC="1000000"),
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            heard(manager, until)
            yield process, manager
        finally:
            process.kill()
            process.communicate()


def heard(manager: socket.socket, wanted: str) -> str:
    """Listen until the service says what is wanted."""
    while wanted not in (said := manager.recv(4096).decode()):
        pass
    return said


def test_once_reports_what_it_did(world: World) -> None:
    world.deliver(an_offer_mail())
    done = gracious(world, "once", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert lines(done.stdout) == [
        {"messages": 1, "offers": 1, "checkins": 1, "replies": 0, "drafts": 0, "notices": 0, "unreadable": 0}
    ]
    assert len(world.check_ins()) == 1


def test_a_refused_login_exits_77(world: World) -> None:
    done = gracious(world, "once", GRACIOUS_PASSWORD="wrong")
    assert done.returncode == 77
    assert "app password" in done.stderr
    assert "Traceback" not in done.stderr
    assert gracious(world, "run", GRACIOUS_PASSWORD="wrong").returncode == 77


def test_a_server_that_is_away_exits_75(embedded_world: World) -> None:
    text = embedded_world.config_path.read_text()
    embedded_world.config_path.write_text(text.replace(f"port = {embedded_world.system.imap_port}", "port = 1"))
    done = gracious(embedded_world, "once")
    assert done.returncode == 75
    assert "Traceback" not in done.stderr


def test_a_wrong_configuration_exits_78_with_every_problem(embedded_world: World) -> None:
    text = embedded_world.config_path.read_text().replace('security = "none"', 'security = "nonsense"')
    embedded_world.config_path.write_text(f"{text}\n[poll]\nevry = '5m'\n")
    for name in ("once", "run", "check"):
        done = gracious(embedded_world, name)
        assert done.returncode == 78
        assert "imap.security" in done.stderr + done.stdout
        assert "evry" in done.stderr + done.stdout


@pytest.mark.parametrize("arguments", [["explain"], ["nonsense"], ["once", "--nonsense"], ["scan", "--since", "soon"]])
def test_a_usage_error_exits_64(embedded_world: World, arguments: list[str]) -> None:
    done = gracious(embedded_world, *arguments)
    assert done.returncode == 64
    assert "Usage" in done.stderr


def test_the_configuration_may_be_named_before_the_command(embedded_world: World) -> None:
    arguments = [sys.executable, "-m", "agent", "--config", str(embedded_world.config_path), "status", "--json"]
    done = subprocess.run(arguments, env=environ(embedded_world), capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    assert done.returncode == 0


def test_a_locked_state_names_the_holder_and_exits_75(embedded_world: World) -> None:
    state = embedded_world.assembly().config.state.path
    with lock.held(state, "run", embedded_world.now, lambda: False):
        done = gracious(embedded_world, "once")
    assert done.returncode == 75
    assert f"process {os.getpid()}" in done.stderr


def test_the_service_works_and_is_woken_by_new_mail(world: World) -> None:
    with service(world, until="READY=1") as (process, manager):
        heard(manager, "last poll")
        world.deliver(an_offer_mail())
        while not world.check_ins():
            heard(manager, "last poll")
        world.reply("no, no")
        while not world.drafts():
            heard(manager, "last poll")
        heard(manager, "WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        heard(manager, "STOPPING=1")
        assert process.wait(SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_stops_cleanly_when_told(embedded_world: World, number: signal.Signals) -> None:
    with service(embedded_world, until="READY=1") as (process, _):
        process.send_signal(number)
        assert process.wait(SECONDS) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_the_service_reads_its_configuration_again_and_keeps_the_old_one_when_that_is_wrong(
    embedded_world: World,
) -> None:
    with service(embedded_world, until="READY=1") as (process, manager):
        heard(manager, "last poll")
        good = embedded_world.config_path.read_text()
        embedded_world.config_path.write_text("nonsense")
        process.send_signal(signal.SIGHUP)
        heard(manager, "RELOADING=1")
        heard(manager, "READY=1")
        embedded_world.config_path.write_text(good)
        process.send_signal(signal.SIGHUP)
        heard(manager, "RELOADING=1")
        heard(manager, "READY=1")
        heard(manager, "last poll")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        assert process.stderr is not None
        log = process.stderr.read()
        assert "The new configuration is not used" in log
        assert "Configuration read again." in log


def test_a_lost_server_is_logged_once_and_tried_again(tmp_path: Path) -> None:
    with EmbeddedServers({"alex@example.com": "secret"}) as servers:
        world = World(embedded_system(servers), tmp_path)
    with service(world, until="trying again") as (process, manager):
        heard(manager, "trying again")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read().count("cannot be reached") == 1


def test_check_tries_every_step(world: World) -> None:
    done = gracious(world, "check", "--json")
    steps = {str(line["step"]): line["ok"] for line in lines(done.stdout)}
    assert done.returncode == 0
    assert all(steps.values())
    assert {
        "config",
        "DNS",
        "TLS",
        "login",
        "capabilities",
        "INBOX",
        "Drafts",
        "Sent",
        "SMTP login",
        "state file",
        "clock",
    } <= set(steps)


def test_check_says_what_to_do(world: World) -> None:
    done = gracious(world, "check", "--json", GRACIOUS_PASSWORD="wrong")
    failed = [line for line in lines(done.stdout) if not line["ok"]]
    assert done.returncode == 77
    assert failed[0]["step"] == "login"
    assert failed[0]["cure"]


def test_scan_lists_old_offers_and_writes_nothing(world: World) -> None:
    world.deliver(an_offer_mail())
    before = world.system.messages()
    done = gracious(world, "scan", "--json", "--since", "2020-01-01")
    (row,) = lines(done.stdout)
    assert (done.returncode, row["stage"]) == (0, "offer")
    assert set(row) == {"offer", "stage", "introducer", "contact", "subject", "date", "score", "next", "due"}
    assert world.system.messages() == before
    assert not (world.folder / "state").exists()


def test_status_answer_and_forget_from_the_terminal(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(an_offer_mail())
    gracious(world, "once")
    (row,) = lines(gracious(world, "status", "--json").stdout)
    assert (row["stage"], row["contact"]) == ("asked", "Sara Lindqvist")
    unclear = gracious(world, "answer", str(row["offer"]), "hm")
    assert unclear.returncode == 1
    assert gracious(world, "answer", str(row["offer"]), "no, no").returncode == 0
    gracious(world, "once")
    assert len(world.drafts()) == 1
    assert gracious(world, "forget", "offer-1@example.org").returncode == 0
    assert gracious(world, "status", "--json").stdout == ""
    assert gracious(world, "forget", "ffffffff").returncode == 1


def test_secrets_do_not_show_in_a_verbose_log(embedded_world: World) -> None:
    embedded_world.system.password = "correct-horse"
    done = gracious(embedded_world, "once", "--verbose")
    assert done.returncode == 77
    assert "correct-horse" not in done.stdout + done.stderr
