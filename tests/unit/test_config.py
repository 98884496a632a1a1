"""The configuration file: what it becomes, and what is said when it cannot be used."""

import json
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import (
    Auth,
    Config,
    DetectionSettings,
    ImapSettings,
    Security,
    find,
    is_loopback,
    keys,
    load,
    load_for_reading,
    shipped_languages,
)
from agent.errors import ConfigError

OWNER = '[owner]\nname = "Robin Vale"\naddresses = ["robin@example.net"]\n'
IMAP = '[imap]\nhost = "imap.example.net"\n'
LEAST = OWNER + IMAP


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def loaded(folder: Path, text: str, environ: dict[str, str] | None = None) -> Config:
    return load(written(folder, text), environ or {})


def problems(folder: Path, text: str | bytes) -> tuple[str, ...]:
    path = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    return caught.value.problems


def the_problem(folder: Path, text: str | bytes) -> str:
    found = problems(folder, text)
    assert len(found) == 1, found
    return found[0]


# ── What it becomes ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_an_address_and_a_host_are_enough(tmp_path: Path) -> None:
    config = loaded(tmp_path, LEAST)
    assert config.owner.name == "Robin Vale"
    assert config.imap.host == "imap.example.net"
    assert config.smtp is None


def test_the_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    config = loaded(tmp_path, LEAST)
    assert (config.imap.port, config.imap.security, config.imap.auth) == (993, Security.TLS, Auth.PASSWORD)
    assert (config.imap.inbox, config.imap.drafts, config.imap.sent) == ("INBOX", None, None)
    assert (config.poll.every, config.poll.first_look) == (timedelta(minutes=5), timedelta(days=7))
    assert config.poll.idle
    assert (config.checkin.remind_after, config.checkin.expire_after) == (timedelta(days=2), timedelta(days=21))
    assert (config.checkin.default_pause, config.checkin.max_a_day) == (timedelta(weeks=2), 5)
    assert config.detection == DetectionSettings(threshold=5.0, ignore_from=(), phrases=())
    assert config.daemon.alarm_after == timedelta(hours=6)
    assert config.templates.directory is None
    assert config.owner.languages == shipped_languages()
    assert config.owner.language == "en"


@pytest.mark.parametrize(
    ("lines", "port"),
    [("", 993), ('security = "starttls"', 143), ('security = "starttls"\nport = 1143', 1143)],
)
def test_the_port_follows_the_security_unless_it_is_given(tmp_path: Path, lines: str, port: int) -> None:
    assert loaded(tmp_path, LEAST + lines).imap.port == port


@pytest.mark.parametrize(("security", "port"), [("tls", 465), ("starttls", 587)])
def test_smtp_has_usual_ports_of_its_own(tmp_path: Path, security: str, port: int) -> None:
    config = loaded(tmp_path, f'{LEAST}[smtp]\nhost = "smtp.example.net"\nsecurity = "{security}"')
    assert config.smtp
    assert config.smtp.port == port


def test_the_user_name_of_imap_is_by_default_the_first_address(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAST).imap.username == "robin@example.net"


def test_the_user_name_of_smtp_is_by_default_that_of_imap(tmp_path: Path) -> None:
    config = loaded(tmp_path, LEAST + 'username = "robin.v"\n[smtp]\nhost = "smtp.example.net"')
    assert config.smtp
    assert config.smtp.username == "robin.v"


def test_an_empty_user_name_of_smtp_stays_empty(tmp_path: Path) -> None:
    config = loaded(tmp_path, LEAST + '[smtp]\nhost = "smtp.example.net"\nusername = ""')
    assert config.smtp
    assert config.smtp.username == ""


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("6h", timedelta(hours=6)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("0d", timedelta()),
    ],
)
def test_a_duration_is_a_number_and_a_unit(tmp_path: Path, text: str, duration: timedelta) -> None:
    assert loaded(tmp_path, f'{LEAST}[poll]\nfirst_look = "{text}"').poll.first_look == duration


def test_a_signature_left_out_is_the_name(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAST).owner.signature == "Robin Vale"


def test_one_blurb_is_for_every_language(tmp_path: Path) -> None:
    owner = loaded(tmp_path, OWNER + 'blurb = "Robin restores old clocks."\n' + IMAP).owner
    assert owner.blurb_in("en") == "Robin restores old clocks."
    assert owner.blurb_in("tlh") == "Robin restores old clocks."


def test_a_blurb_may_be_given_for_each_language(tmp_path: Path) -> None:
    owner = loaded(tmp_path, OWNER + 'blurb = { en = "Robin restores old clocks." }\n' + IMAP).owner
    assert owner.blurb_in("en") == "Robin restores old clocks."
    assert owner.blurb_in("tlh") is None


def test_an_address_written_twice_counts_once_and_the_first_stays_first(tmp_path: Path) -> None:
    text = OWNER.replace('["robin@example.net"]', '["robin@example.net", "rv@example.org", "Robin@Example.net"]') + IMAP
    assert loaded(tmp_path, text).owner.addresses == ("robin@example.net", "rv@example.org")


def test_a_country_may_be_written_in_small_letters(tmp_path: Path) -> None:
    assert loaded(tmp_path, OWNER + 'country = "ie"\n' + IMAP).owner.country == "IE"


def test_a_time_zone_is_looked_up(tmp_path: Path) -> None:
    owner = loaded(tmp_path, OWNER + 'timezone = "Pacific/Auckland"\n' + IMAP).owner
    assert owner.timezone == ZoneInfo("Pacific/Auckland")


def test_ignored_senders_are_addresses_or_domains_in_small_letters(tmp_path: Path) -> None:
    text = LEAST + '[detection]\nignore_from = ["Robot@Example.com", "@example.org", "news.example.edu"]'
    assert loaded(tmp_path, text).detection.ignore_from == ("robot@example.com", "@example.org", "news.example.edu")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + LEAST.encode())
    assert load(path, {}).owner.name == "Robin Vale"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1"])
def test_no_encryption_is_accepted_on_a_loopback_address(tmp_path: Path, host: str) -> None:
    config = loaded(tmp_path, f'{OWNER}[imap]\nhost = "{host}"\nsecurity = "none"')
    assert config.imap.security is Security.NONE
    assert config.imap.port == 143


@pytest.mark.parametrize("host", ["127.0.0.1.example.net", "localhost.example.net", "128.0.0.1", "::2", ""])
def test_other_addresses_are_no_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_a_server_on_this_machine_may_be_polled_every_second(tmp_path: Path) -> None:
    config = loaded(tmp_path, f'{OWNER}[imap]\nhost = "127.0.0.1"\n[poll]\nevery = "1s"')
    assert config.poll.every == timedelta(seconds=1)


# ── Places ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_line_says_first_where_the_configuration_is(tmp_path: Path) -> None:
    assert find(tmp_path / "mine.toml", {"GRACIOUS_CONFIG": "/elsewhere"}) == tmp_path / "mine.toml"


def test_the_environment_says_second_where_the_configuration_is() -> None:
    environ = {"GRACIOUS_CONFIG": "~/mine.toml", "HOME": "/home/robin", "XDG_CONFIG_HOME": "/xdg"}
    assert find(None, environ) == Path("/home/robin/mine.toml")


def test_the_xdg_directory_is_where_the_configuration_is_otherwise() -> None:
    assert find(None, {"XDG_CONFIG_HOME": "/xdg"}) == Path("/xdg/gracious/config.toml")


@pytest.mark.parametrize("base", [{}, {"XDG_CONFIG_HOME": ""}, {"XDG_CONFIG_HOME": "not/absolute"}])
def test_the_xdg_directory_is_below_home_when_the_environment_does_not_say(base: dict[str, str]) -> None:
    assert find(None, {"HOME": "/home/robin", **base}) == Path("/home/robin/.config/gracious/config.toml")


def test_a_relative_path_becomes_absolute() -> None:
    assert find(Path("mine.toml"), {}) == Path.cwd() / "mine.toml"


@pytest.mark.parametrize(
    ("environ", "state"),
    [
        ({"HOME": "/home/robin"}, "/home/robin/.local/state/gracious/gracious.db"),
        ({"HOME": "/home/robin", "XDG_STATE_HOME": "/xdg"}, "/xdg/gracious/gracious.db"),
        ({"XDG_STATE_HOME": "/xdg", "STATE_DIRECTORY": "/var/lib/gracious"}, "/var/lib/gracious/gracious.db"),
        ({"STATE_DIRECTORY": "/var/lib/gracious:/var/lib/other"}, "/var/lib/gracious/gracious.db"),
    ],
)
def test_the_state_has_a_place_that_depends_on_the_environment(
    tmp_path: Path, environ: dict[str, str], state: str
) -> None:
    assert loaded(tmp_path, LEAST, environ).state.path == Path(state)
    assert loaded(tmp_path, LEAST + "[state]", environ).state.path == Path(state)


def test_a_state_path_that_is_given_overrules_the_environment(tmp_path: Path) -> None:
    environ = {"HOME": "/home/robin", "STATE_DIRECTORY": "/var/lib/gracious"}
    config = loaded(tmp_path, LEAST + '[state]\npath = "~/post/gracious.db"', environ)
    assert config.state.path == Path("/home/robin/post/gracious.db")


def test_relative_paths_start_from_the_directory_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    for name in ("mine.toml", "authority.pem"):
        (tmp_path / name).touch()
    config = loaded(
        tmp_path,
        f'{LEAST}cafile = "authority.pem"\n[detection]\nphrases = ["mine.toml"]\n'
        f'[templates]\ndirectory = "letters"\n[state]\npath = "gracious.db"',
    )
    assert config.imap.cafile == tmp_path / "authority.pem"
    assert config.detection.phrases == (tmp_path / "mine.toml",)
    assert config.templates.directory == tmp_path / "letters"
    assert config.state.path == tmp_path / "gracious.db"
    assert config.path == tmp_path / "config.toml"


def test_an_empty_directory_of_templates_means_those_of_gracious(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAST + '[templates]\ndirectory = ""').templates.directory is None


# ── For reading only ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "servers",
    [
        "",
        '[imap]\nhost = "imap.example.net"\nauth = "oauth2"',
        '[imap]\nport = "many"\n[smtp]\n[poll]\nevery = "often"',
    ],
)
def test_reading_needs_no_server(tmp_path: Path, servers: str) -> None:
    reading = load_for_reading(written(tmp_path, OWNER + servers), {"HOME": "/home/robin"})
    assert reading.owner.addresses == ("robin@example.net",)
    assert reading.detection.threshold == 5.0
    assert reading.state.path == Path("/home/robin/.local/state/gracious/gracious.db")


def test_reading_still_needs_the_owner(tmp_path: Path) -> None:
    path = written(tmp_path, IMAP)
    with pytest.raises(ConfigError, match=r"\[owner\] is missing"):
        load_for_reading(path, {})


def test_a_whole_configuration_can_be_read_with_as_well(tmp_path: Path) -> None:
    path = written(tmp_path, LEAST)
    assert load_for_reading(path, {}).owner == load(path, {}).owner


# ── Problems ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        [owner]
        addresses = ["robin"]
        [imap]
        host = "imap.example.net"
        port = 0
        [poll]
        evry = "5m"
        [checkin]
        max_a_day = "few"
        [detecton]
        threshold = 4.0
        """,
    )
    told = [problem.split(" ")[0] for problem in found]
    assert told == ["owner.name", "owner.addresses,", "checkin.max_a_day", "imap.port", "poll.evry", "[detecton]"]


def test_a_problem_says_the_key_the_value_and_what_is_allowed(tmp_path: Path) -> None:
    assert the_problem(tmp_path, LEAST + "port = 70000") == (
        "imap.port = 70000 is too large. Allowed: a whole number from 1 to 65535"
    )


def test_something_missing_says_what_is_needed(tmp_path: Path) -> None:
    assert the_problem(tmp_path, OWNER + "[imap]") == (
        'imap.host is missing. Needed: the name of the server, such as "mail.example.com"'
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[poll]\nevry = "5m"', 'poll.evry is not a key here. Did you mean "every"? Allowed: every, first_look, idle'),
        ('[pol]\nevery = "5m"', '[pol] is not a table here. Did you mean "poll"?'),
        ('[poll]\nremind_after = "2d"', "poll.remind_after is not a key here; remind_after belongs in [checkin]"),
        ("[poll]\nzzz = 1", "poll.zzz is not a key here. Allowed: every, first_look, idle"),
    ],
)
def test_an_unknown_key_is_told_with_what_may_have_been_meant(tmp_path: Path, text: str, told: str) -> None:
    assert the_problem(tmp_path, LEAST + text).startswith(told)


def test_a_key_before_the_first_table_is_told_where_it_belongs(tmp_path: Path) -> None:
    assert "threshold belongs in [detection]" in the_problem(tmp_path, "threshold = 4.0\n" + LEAST)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("[poll]\nevery", ['"5x"', '"5"', '"m"', '""', '"-5m"', '"5 m"', "300", '"1.5h"', '"\\u0665m"', '"12345678w"']),
        ("[poll]\nevery", ['"0s"', '"2d"', '"999999w"', "07:32:00"]),
        ("[poll]\nidle", ['"yes"', "1"]),
        ("[checkin]\nexpire_after", ['"0s"', '"5201w"']),
        ("[checkin]\ndefault_pause", ['"1h"']),
        ("[checkin]\nmax_a_day", ["0", "10001", "true", "2.5", '"5"']),
        ("[detection]\nthreshold", ["0", "-1.0", "nan", "inf", '"5"', "true"]),
        ("[detection]\nignore_from", ['["nobody"]', '"robot@example.com"', '["a b@example.com"]', "[5]"]),
        ("[detection]\nphrases", ['["not there.toml"]', '"phrases.toml"', '["\\u0000"]']),
        ("[state]\npath", ['"/"', "5"]),
        ("[templates]\ndirectory", ['"not there"', "5"]),
        ("[smtp]\nhost", ['""', '"smtp.example.net:465"', '"smtps://smtp.example.net"', '"two words"', '"a\\nb"']),
    ],
)  # fmt: skip
def test_a_wrong_value_is_a_problem(tmp_path: Path, key: str, values: list[str]) -> None:
    name = key.removeprefix("[").replace("]\n", ".")
    for value in values:
        assert the_problem(tmp_path, f"{LEAST}{key} = {value}").startswith(name), value


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("name", ['""', '"  "', '"Robin\\nBcc: all@example.org"', "5"]),
        ("signature", ['"Robin\\u0007"']),
        ("country", ['"UK"', '"Britain"', '"G1"', '"É1"']),
        ("timezone", ['"Europe/Lodnon"', '"../../etc/passwd"', '"Europe"', "5"]),
        ("languages", ["[]", '["tlh"]', '"en"']),
        ("blurb", ['{ tlh = "x" }', "5", '["x"]']),
    ],
)
def test_a_wrong_value_about_the_owner_is_a_problem(tmp_path: Path, key: str, values: list[str]) -> None:
    head = OWNER.replace('name = "Robin Vale"\n', "") if key == "name" else OWNER
    for value in values:
        assert the_problem(tmp_path, f"{head}{key} = {value}\n{IMAP}").startswith(f"owner.{key}"), value


@pytest.mark.parametrize(
    "address",
    [
        "robin",
        "robin@",
        "@example.net",
        "Robin Vale <robin@example.net>",
        "robin@example.net,rv@example.net",
        "robin@example.net\\nBcc: all@example.org",
        "robin@exa mple.net",
        "robin..vale@example.net",
        ".robin@example.net",
        f"{'r' * 65}@example.net",
        f"robin@{'e' * 63}.{'e' * 63}.{'e' * 63}.{'e' * 63}",
        "robin@@example.net",
    ],
)
def test_what_is_no_address_is_a_problem(tmp_path: Path, address: str) -> None:
    text = OWNER.replace("robin@example.net", address) + IMAP
    assert the_problem(tmp_path, text).startswith("owner.addresses, item 1")


@pytest.mark.parametrize(
    "address", ["alex@localhost", "o'hara@example.ie", "a+b@x.example.co.uk", "x@xn--bcher-kva.example"]
)
def test_unusual_addresses_are_addresses(tmp_path: Path, address: str) -> None:
    assert loaded(tmp_path, OWNER.replace("robin@example.net", address) + IMAP).owner.address == address


def test_an_owner_without_an_address_is_a_problem(tmp_path: Path) -> None:
    assert "owner.addresses is empty" in the_problem(tmp_path, OWNER.replace('"robin@example.net"', "") + IMAP)


def test_no_encryption_to_another_machine_is_a_problem_that_says_why(tmp_path: Path) -> None:
    told = the_problem(tmp_path, LEAST + 'security = "none"')
    assert told.startswith('imap.security = "none" would send your password and your mail in the clear')
    assert "loopback address (127.0.0.0/8, ::1, localhost)" in told


def test_oauth2_is_known_but_said_not_to_be_built_yet(tmp_path: Path) -> None:
    assert "does not sign in with OAuth 2" in the_problem(tmp_path, LEAST + 'auth = "oauth2"')
    assert "does not sign in" not in the_problem(tmp_path, LEAST + 'auth = "kerberos"')


def test_a_stranger_s_server_is_not_polled_every_second(tmp_path: Path) -> None:
    assert the_problem(tmp_path, LEAST + '[poll]\nevery = "9s"').startswith('[poll] has every below "10s"')


@pytest.mark.parametrize("key", ["password", "app_password", "GRACIOUS_PASSWORD", "smtp_pass", "Secret", "token"])
def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    told = the_problem(tmp_path, f'{LEAST}{key} = "hunter2"')
    assert "must not stand in here" in told
    assert ".env" in told
    assert "hunter2" not in told


def test_a_password_command_is_not_repeated(tmp_path: Path) -> None:
    told = the_problem(tmp_path, LEAST + 'password_command = "echo hunter2"')
    assert "as a list" in told
    assert "hunter2" not in told


def test_a_configuration_does_not_show_a_password_command(tmp_path: Path) -> None:
    config = loaded(tmp_path, LEAST + 'password_command = ["echo", "hunter2"]')
    assert config.imap.password_command == ("echo", "hunter2")
    assert "hunter2" not in repr(config)


def test_a_long_value_is_not_repeated_at_length(tmp_path: Path) -> None:
    assert len(the_problem(tmp_path, f'{LEAST}[poll]\nevery = "{"5m" * 5000}"')) < 200


@pytest.mark.parametrize("line", ['every = "\\u001b[2J\\u202e\\u009b"', '"\\u001b[2J\\u202e\\u009b" = 5'])
def test_control_and_bidirectional_characters_are_made_visible(tmp_path: Path, line: str) -> None:
    assert the_problem(tmp_path, f"{LEAST}[poll]\n{line}").isprintable()


def test_a_table_that_is_none_is_a_problem(tmp_path: Path) -> None:
    assert the_problem(tmp_path, "poll = 5\n" + LEAST).startswith("[poll] = 5 cannot be used")


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    told = the_problem(tmp_path, LEAST + "port 993")
    assert "is not valid TOML" in told
    assert "line 6" in told


def test_text_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    assert "not written in UTF-8 (at line 2)" in the_problem(tmp_path, b'[owner]\nname = "Zo\xeb"')


def test_a_missing_configuration_says_where_it_was_looked_for_and_how_to_start(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(path) in str(caught.value)
    assert "$XDG_CONFIG_HOME/gracious/config.toml" in str(caught.value)
    assert "config.example.toml" in str(caught.value)
    assert caught.value.exit_code == 78


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_settings_can_be_made_without_a_file() -> None:
    settings = ImapSettings(host="127.0.0.1", port=1143, security=Security.NONE, username="robin")
    assert (settings.port, settings.inbox) == (1143, "INBOX")


# ── Anything at all ───────────────────────────────────────────────────────────────────────────────────────────────

TEXTS = st.one_of(
    st.sampled_from(["", "5m", "en", "none", "127.0.0.1"]), st.text('aB0é@.:/~ \n\x1b\u202e"\\', max_size=9)
)
SCALARS = st.one_of(TEXTS, st.booleans(), st.integers(-(2**40), 2**40))
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3))
NAMES = st.sampled_from(sorted({name for known in keys().values() for name in known} | {"pasword", "a b", "é"}))
TABLES = st.sampled_from([*sorted(keys()), "pol", "é"])


def as_toml(tables: dict[str, dict[str, object]]) -> str:
    """TOML writes such strings, numbers and lists as JSON does."""
    lines = []
    for name, table in tables.items():
        lines.append(f"[{json.dumps(name, ensure_ascii=False)}]")
        lines.extend(f"{json.dumps(key, ensure_ascii=False)} = {json.dumps(value)}" for key, value in table.items())
    return "\n".join(lines)


@given(st.dictionaries(TABLES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=5))
def test_whatever_a_configuration_says_it_is_used_or_told_what_is_wrong(tables: dict[str, dict[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        path = written(Path(folder), as_toml(tables))
        told: tuple[str, ...] = ()
        try:
            load(path, {})
        except ConfigError as error:
            told = error.problems
    assert all(problem.isprintable() and "TOML" not in problem for problem in told)
