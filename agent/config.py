"""I/O: the configuration file. Reads config.toml into frozen settings, or says at once all that is wrong with it.

The models below are the table of keys: name, type, default, and in `description` what is allowed, which is also what a
problem says. config.example.toml is checked against them. No secret ever stands in here (see credentials.py).
"""

import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, get_args
from zoneinfo import ZoneInfo, available_timezones

import tzlocal
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from agent.errors import ConfigError
from agent.model import Owner

FILE_NAME = "config.toml"
ENVIRONMENT_NAME = "GRACIOUS_CONFIG"
SERVER_TABLES = frozenset({"imap", "smtp", "poll", "daemon"})
"""What `load_for_reading` does not look at: the tables that only a program with a server needs."""

_LOOPBACK = "a loopback address (127.0.0.0/8, ::1, localhost)"
_LOOKED = f"looked at --config, then ${ENVIRONMENT_NAME}, then $XDG_CONFIG_HOME/gracious/{FILE_NAME}"
_POLITE = timedelta(seconds=10)
_CENTURY = timedelta(weeks=5200)
_LONGEST_ADDRESS = 254
"""RFC 5321 section 4.5.3.1.3 with erratum 1690: 256 octets of path, less the angle brackets."""
_SHOWN = 60
"""Characters of a wrong value that a problem repeats."""

_DURATION = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,20}")
"""An addr-spec of RFC 5322 as a dot-atom; quoted local parts and comments exist in standards only."""
_DOMAIN = re.compile(r"@?[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,20}")
_HOST = re.compile(r"[\w.-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SECRET_ENDINGS = ("password", "passwd", "pass", "secret", "token")

_MISTAKEN_COUNTRIES = {"UK": "GB", "EL": "GR"}
"""The two codes in which the institutions of the EU deviate from ISO 3166."""


def _fault(sentence: str) -> PydanticCustomError:
    """What is wrong with a value, to follow it in a problem: `is not a duration`."""
    return PydanticCustomError("gracious", "{sentence}", {"sentence": sentence})


def is_loopback(host: str) -> bool:
    """Whether a connection to `host` cannot leave this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


# ── Values ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a configuration is read: what relative paths and `~` start from."""

    directory: Path
    environ: Mapping[str, str]

    def locate(self, written: str) -> Path:
        """The absolute path that somebody meant who wrote `written` in a file of this directory."""
        if written == "~" or written.startswith("~/"):
            return _home(self.environ) / written[2:]
        return self.directory / written


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise _fault("is not a duration")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise _fault("has a line break or a control character in it")
    return value.strip()


def _lines(value: str) -> str:
    if _CONTROL_BUT_NEWLINE.search(value.replace("\r\n", "\n")):
        raise _fault("has a control character in it")
    return value.replace("\r\n", "\n").strip()


def _named(value: str) -> str:
    if not value:
        raise _fault("is empty")
    return value


def _address(value: str) -> str:
    local, _, _ = value.partition("@")
    dots_astray = local.startswith(".") or local.endswith(".") or ".." in local
    if dots_astray or len(value) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(value):
        raise _fault("is not a mail address")
    return value


def _sender(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        _address(value)
    return value.lower()


def _host(value: str) -> str:
    if value.count(":") == 1:
        raise _fault("is not a host name; a port has its own key, port")
    if not _HOST.fullmatch(value):
        raise _fault("is not a host name")
    return value


def _zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value)) if value else tzlocal.get_localzone()
    except (LookupError, ValueError, OSError):
        raise _fault(f"is not a known time zone{_suggestion(str(value), available_timezones())}") from None


def _country(value: str) -> str:
    if meant := _MISTAKEN_COUNTRIES.get(value.upper()):
        raise _fault(f'is not in ISO 3166. Did you mean "{meant}"?')
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise _fault("is not a country code")
    return value.upper()


def _language(value: str) -> str:
    if value.lower() not in shipped_languages():
        raise _fault(f"is a language without phrases (there are {', '.join(shipped_languages())})")
    return value.lower()


def _language_or_any(value: str) -> str:
    return _language(value) if value else value


def _in_any_language(value: object) -> object:
    return {"": value} if isinstance(value, str) else value


def _located(value: object, found: ValidationInfo) -> object:
    """Relative paths start where the configuration file stands, not where somebody happens to start the program."""
    if isinstance(value, str) and "\0" in value:
        raise _fault("is not a path")
    if isinstance(value, str) and isinstance(found.context, _Place):
        return found.context.locate(value)
    return value


def _no_path_when_empty(value: object) -> object:
    return None if value == "" else value


def _is_file(value: Path) -> Path:
    if not value.is_file():
        raise _fault("is not a file that exists")
    return value


def _is_directory(value: Path | None) -> Path | None:
    if value is not None and not value.is_dir():
        raise _fault("is not a directory that exists")
    return value


def _is_no_directory(value: Path) -> Path:
    if value.is_dir():
        raise _fault("is a directory, not a file")
    return value


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise _fault("is empty")
    return values


def _without_doubles(values: tuple[str, ...]) -> tuple[str, ...]:
    firsts: dict[str, str] = {}
    for value in values:
        firsts.setdefault(value.casefold(), value)
    return tuple(firsts.values())


Text = Annotated[StrictStr, AfterValidator(_one_line)]
Name = Annotated[Text, AfterValidator(_named)]
Lines = Annotated[StrictStr, AfterValidator(_lines)]
MailAddress = Annotated[Text, AfterValidator(_address)]
Sender = Annotated[Text, AfterValidator(_sender)]
Language = Annotated[Text, AfterValidator(_language)]
Blurbs = Annotated[dict[Annotated[str, AfterValidator(_language_or_any)], Lines], BeforeValidator(_in_any_language)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Located = Annotated[Path, BeforeValidator(_located)]
ExistingFile = Annotated[Located, AfterValidator(_is_file)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]


def shipped_languages() -> tuple[str, ...]:
    """The languages that have a phrase table, English first: the default of `owner.languages`."""
    names = {entry.name.removesuffix(".toml") for entry in files("agent").joinpath("phrases").iterdir()}
    return ("en", *sorted(name for name in names - {"en"} if _LANGUAGE.fullmatch(name)))


# ── The table of keys ─────────────────────────────────────────────────────────────────────────────────────────────


class Security(StrEnum):
    """How a connection is encrypted. `NONE` is accepted on a loopback address only."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Auth(StrEnum):
    """How Gracious signs in."""

    PASSWORD = "password"  # noqa: S105  a word of the configuration, not a password
    OAUTH2 = "oauth2"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OwnerTable(_Table):
    """`[owner]` as it is written; the rest of Gracious uses `agent.model.Owner`."""

    name: Name = Field(description='your name as your letters show it, such as "Alex Morgan"')
    addresses: Annotated[tuple[MailAddress, ...], AfterValidator(_some), AfterValidator(_without_doubles)] = Field(
        description='a list of your mail addresses, such as ["alex@example.com"]; the first one writes'
    )
    blurb: Blurbs = Field(
        default_factory=dict, description='a text, or a table of one per language, such as { en = "…", fr = "…" }'
    )
    signature: Lines = Field(default="", description='the name below your letters, such as "Alex"')
    languages: Annotated[tuple[Language, ...], AfterValidator(_some), AfterValidator(_without_doubles)] = Field(
        default_factory=shipped_languages,
        description='a list of languages, such as ["en"]; you are written to in the first',
    )
    country: Annotated[Text, AfterValidator(_country)] | None = Field(
        default=None, description='a country code of two letters (ISO 3166), such as "GB"'
    )
    timezone: Annotated[ZoneInfo, BeforeValidator(_zone)] = Field(
        default="",
        validate_default=True,
        description='a name of the IANA database, such as "Europe/London", or "" for that of this machine',
    )

    def owner(self) -> Owner:
        """The person, as everything but this module knows them."""
        return Owner(
            name=self.name,
            addresses=self.addresses,
            signature=self.signature or self.name,
            blurbs=self.blurb,
            languages=self.languages,
            country=self.country,
            timezone=self.timezone,
        )


class _ServerTable(_Table):
    """What `[imap]` and `[smtp]` have in common."""

    usual_ports: ClassVar[Mapping[str, int]]

    host: Annotated[Name, AfterValidator(_host)] = Field(
        description='the name of the server, such as "mail.example.com"'
    )
    port: Port = Field(description="a whole number from 1 to 65535")
    security: Security = Field(default=Security.TLS, description=f'"tls", "starttls", or "none" on {_LOOPBACK}')
    username: Text = Field(default="", description="the name to sign in with, a text")
    auth: Auth = Field(default=Auth.PASSWORD, description='"password"')
    password_command: (
        Annotated[tuple[Annotated[StrictStr, AfterValidator(_named)], ...], AfterValidator(_some)] | None
    ) = Field(
        default=None,
        repr=False,
        description='a program and its arguments as a list, such as ["pass", "show", "mail"]; it runs without a shell',
    )
    cafile: ExistingFile | None = Field(
        default=None, description="a file with the certificates of your own authority, in PEM form"
    )

    @model_validator(mode="before")
    @classmethod
    def _usual_port(cls, table: Any) -> Any:
        if isinstance(table, dict):
            security = str(table.get("security", "tls"))
            return {"port": cls.usual_ports.get(security, cls.usual_ports["tls"]), **table}
        return table

    @field_validator("security")
    @classmethod
    def _never_in_the_clear(cls, value: Security, found: ValidationInfo) -> Security:
        host = found.data.get("host", "localhost")
        if value is Security.NONE and not is_loopback(host):
            raise _fault(f"would send your password and your mail in the clear to {host}")
        return value

    @field_validator("auth")
    @classmethod
    def _not_built_yet(cls, value: Auth) -> Auth:
        if value is Auth.OAUTH2:
            raise _fault("cannot be used yet: this version of Gracious does not sign in with OAuth 2")
        return value


class ImapSettings(_ServerTable):
    """The owner's mailbox: where offers and replies arrive and drafts are saved."""

    usual_ports: ClassVar[Mapping[str, int]] = {"tls": 993, "starttls": 143, "none": 143}

    inbox: Name = Field(default="INBOX", description="the name of the mailbox where mail arrives")
    drafts: Name | None = Field(default=None, description="the name of a mailbox; found by itself when left out")
    sent: Name | None = Field(default=None, description="the name of a mailbox; found by itself when left out")


class SmtpSettings(_ServerTable):
    """Where check-ins and notices to the owner are submitted. An empty user name submits without signing in."""

    usual_ports: ClassVar[Mapping[str, int]] = {"tls": 465, "starttls": 587, "none": 25}


class PollSettings(_Table):
    """How often the mailbox is looked at."""

    every: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(days=1))] = Field(
        default=timedelta(minutes=5), description='a duration from "10s" to "1d", such as "5m"'
    )
    first_look: Annotated[Duration, Field(le=_CENTURY)] = Field(
        default=timedelta(days=7), description='a duration from "0d" to "5200w", such as "7d"'
    )
    idle: StrictBool = Field(default=True, description="true or false")


class CheckinSettings(_Table):
    """When the owner is asked, reminded, and left alone."""

    remind_after: Annotated[Duration, Field(ge=timedelta(seconds=1), le=_CENTURY)] = Field(
        default=timedelta(days=2), description='a duration up to "5200w", such as "2d"'
    )
    expire_after: Annotated[Duration, Field(ge=timedelta(seconds=1), le=_CENTURY)] = Field(
        default=timedelta(days=21), description='a duration up to "5200w", such as "21d"'
    )
    default_pause: Annotated[Duration, Field(ge=timedelta(days=1), le=timedelta(days=366))] = Field(
        default=timedelta(weeks=2), description='a duration from "1d" to "52w", such as "2w"'
    )
    max_a_day: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(
        default=5, description="a whole number from 1 to 10000"
    )


class DetectionSettings(_Table):
    """What counts as an offer."""

    threshold: Annotated[float, Field(strict=True, gt=0, le=100, allow_inf_nan=False)] = Field(
        default=5.0, description="a number above 0 and up to 100"
    )
    ignore_from: tuple[Sender, ...] = Field(
        default=(), description='a list of addresses or domains, such as ["robot@example.com", "example.org"]'
    )
    phrases: tuple[ExistingFile, ...] = Field(default=(), description="a list of phrase files (docs/phrases.md)")


class DaemonSettings(_Table):
    """The background service."""

    alarm_after: Annotated[Duration, Field(ge=timedelta(seconds=1), le=_CENTURY)] = Field(
        default=timedelta(hours=6), description='a duration up to "5200w", such as "6h"'
    )


class StateSettings(_Table):
    """Where Gracious keeps what it knows. The secret of the installation and the lock stand beside it."""

    path: Annotated[Located, AfterValidator(_is_no_directory)] = Field(description="a file on a local disk")

    @model_validator(mode="before")
    @classmethod
    def _usual_place(cls, table: Any, found: ValidationInfo) -> Any:
        if isinstance(table, dict) and isinstance(found.context, _Place):
            return {"path": default_state(found.context.environ), **table}
        return table


class TemplateSettings(_Table):
    """The owner's own letters. None: those that came with Gracious."""

    directory: Annotated[Located | None, BeforeValidator(_no_path_when_empty), AfterValidator(_is_directory)] = Field(
        default=None, description='a directory of templates, or "" for those that came with Gracious'
    )


class _ReadingTables(_Table):
    owner: OwnerTable = Field(description="the table [owner] with at least name and addresses")
    checkin: CheckinSettings = Field(default=CheckinSettings(), description="a table")
    detection: DetectionSettings = Field(default=DetectionSettings(), description="a table")
    state: StateSettings = Field(default={}, validate_default=True, description="a table")
    templates: TemplateSettings = Field(default=TemplateSettings(), description="a table")


class Tables(_ReadingTables):
    """The whole file: every table and key there is."""

    imap: ImapSettings = Field(description="the table [imap] with at least host")
    smtp: SmtpSettings | None = Field(default=None, description="a table; leave it out to do without SMTP")
    poll: PollSettings = Field(default=PollSettings(), description="a table")
    daemon: DaemonSettings = Field(default=DaemonSettings(), description="a table")

    @field_validator("poll")
    @classmethod
    def _polite_to_strangers(cls, value: PollSettings, found: ValidationInfo) -> PollSettings:
        imap = found.data.get("imap")
        if imap and value.every < _POLITE and not is_loopback(imap.host):
            raise _fault(f'has every below "10s", which is meant for a server on {_LOOPBACK} only')
        return value


# ── The configuration ─────────────────────────────────────────────────────────────────────────────────────────────


Model = TypeVar("Model", bound=_ReadingTables)
Server = TypeVar("Server", bound=_ServerTable)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The part of a configuration that needs no server: enough to explain, to preview and to interpret."""

    owner: Owner
    checkin: CheckinSettings = field(default_factory=CheckinSettings)
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    state: StateSettings
    templates: TemplateSettings = field(default_factory=TemplateSettings)
    path: Path
    """The file all this was read from, absolute."""


@dataclass(frozen=True, kw_only=True)
class Config(Reading):
    """A whole configuration without a fault. `smtp` is None when check-ins go into the inbox by APPEND."""

    imap: ImapSettings
    smtp: SmtpSettings | None = None
    poll: PollSettings = field(default_factory=PollSettings)
    daemon: DaemonSettings = field(default_factory=DaemonSettings)


def find(explicit: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the configuration is or belongs; XDG base directories on every platform. It need not exist."""
    if explicit is not None:
        return explicit.expanduser().absolute()
    if named := environ.get(ENVIRONMENT_NAME):
        return _Place(Path.cwd(), environ).locate(named)
    return _xdg(environ, "XDG_CONFIG_HOME", ".config") / FILE_NAME


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read a whole configuration. ConfigError with every problem at once when it cannot be used."""
    path = path.absolute()
    tables = _checked(Tables, _parsed(path), path, environ)
    imap = _signing_in(tables.imap, tables.owner.addresses[0], Auth.PASSWORD)
    smtp = tables.smtp and _signing_in(tables.smtp, imap.username, imap.auth)
    return Config(**_shared(tables, path), imap=imap, smtp=smtp, poll=tables.poll, daemon=tables.daemon)


def load_for_reading(path: Path, environ: Mapping[str, str] = os.environ) -> Reading:
    """Read what `explain`, `preview` and `interpret` need; the tables of servers may be missing or wrong."""
    path = path.absolute()
    document = {key: value for key, value in _parsed(path).items() if key not in SERVER_TABLES}
    return Reading(**_shared(_checked(_ReadingTables, document, path, environ), path))


def _shared(tables: _ReadingTables, path: Path) -> dict[str, Any]:
    return {
        "owner": tables.owner.owner(),
        "checkin": tables.checkin,
        "detection": tables.detection,
        "state": tables.state,
        "templates": tables.templates,
        "path": path,
    }


def _signing_in(settings: Server, username: str, auth: Auth) -> Server:
    given = settings.model_fields_set
    missing = {key: value for key, value in {"username": username, "auth": auth}.items() if key not in given}
    return settings.model_copy(update=missing)


def default_state(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the state is when state.path is not given: $STATE_DIRECTORY of systemd, else the XDG state directory."""
    if directory := environ.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(directory) / "gracious.db"
    return _xdg(environ, "XDG_STATE_HOME", ".local/state") / "gracious.db"


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _xdg(environ: Mapping[str, str], name: str, otherwise: str) -> Path:
    """The XDG base directory specification: a path in these variables that is not absolute is to be ignored."""
    base = Path(environ.get(name, ""))
    return (base if base.is_absolute() else _home(environ) / otherwise) / "gracious"


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            [f"there is no configuration at {path} ({_LOOKED}). Copy config.example.toml there and fill it in"]
        ) from None
    except OSError as error:
        raise ConfigError([f"the configuration {path} cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError([f"{path} is not written in UTF-8 (at line {line})"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path} is not valid TOML: {error}"]) from None


def _checked(model: type[Model], document: Mapping[str, Any], path: Path, environ: Mapping[str, str]) -> Model:
    try:
        return model.model_validate(document, context=_Place(path.parent, environ))
    except ValidationError as error:
        raise ConfigError(_problems(model, error.errors(include_url=False))) from None


# ── Problems ──────────────────────────────────────────────────────────────────────────────────────────────────────

_WRONG = {
    "greater_than": "is too small",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "too_short": "is empty",
}
"""Kinds of pydantic errors that need other words than "cannot be used"."""

Location = tuple[int | str, ...]


def _problems(model: type[BaseModel], errors: Iterable[ErrorDetails]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_visible(_problem(model, error)) for error in errors))


def _visible(text: str) -> str:
    """A problem is shown on terminals: control and bidirectional characters of a key or value as their code points."""
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)


def _problem(model: type[BaseModel], error: ErrorDetails) -> str:
    """One line: the key, what is wrong with it, and what is allowed."""
    location = error["loc"]
    match error["type"]:
        case "extra_forbidden":
            return _unknown(tuple(str(step) for step in location))
        case "missing":
            return f"{_key(location)} is missing. Needed: {_allowed(model, location)}"
        case "gracious":
            wrong = error["msg"]
        case other:
            wrong = _WRONG.get(other, "cannot be used")
    return _sentence(f"{_key(location)}{_shown(location, error['input'])} {wrong}", _allowed(model, location))


def _sentence(wrong: str, allowed: str) -> str:
    return f"{wrong}{'' if wrong.endswith('?') else '.'} Allowed: {allowed}"


def _key(location: Location) -> str:
    """`imap.port`, `[imap]`, or `owner.addresses, item 2`."""
    names = [step for step in location if isinstance(step, str) and step != "[key]"]
    items = [f", item {step + 1}" for step in location if isinstance(step, int)]
    return (".".join(names) if len(names) > 1 else f"[{names[0]}]") + "".join(items)


def _shown(location: Location, value: object) -> str:
    """The wrong value, unless it is long, or a command that may have a secret among its arguments."""
    if "password_command" in location or not isinstance(value, str | int | float):
        return ""
    written = json.dumps(value, ensure_ascii=False)
    return f" = {written if len(written) <= _SHOWN else written[:_SHOWN] + '…'}"


def _allowed(model: type[BaseModel], location: Location) -> str:
    """The description of the innermost key that `location` leads to."""
    table: type[BaseModel] | None = model
    allowed = ""
    for step in location:
        known = table.model_fields.get(str(step)) if table else None
        if not known:
            break
        allowed, table = known.description or allowed, _table_of(known.annotation)
    return allowed


def _table_of(annotation: object) -> type[BaseModel] | None:
    kinds = (annotation, *get_args(annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def keys() -> dict[str, frozenset[str]]:
    """Every table of the configuration with its keys."""
    tables = {name: _table_of(key.annotation) for name, key in Tables.model_fields.items()}
    return {name: frozenset(table.model_fields) for name, table in tables.items() if table}


def _unknown(location: tuple[str, ...]) -> str:
    """A key or table that does not exist: most likely misspelt, or in the wrong table, or a secret."""
    *tables, key = location
    if key.lower().endswith(_SECRET_ENDINGS):
        return f"{_key(location)} must not stand in here. Put it into .env beside this file, as GRACIOUS_PASSWORD=…"
    known = keys()[tables[0]] if tables else keys()
    kind = "key" if tables else "table"
    hint = _suggestion(key, known) or _belonging(key)
    return _sentence(f"{_key(location)} is not a {kind} here{hint}", ", ".join(sorted(known)))


def _belonging(key: str) -> str:
    tables = [f"[{name}]" for name, known in keys().items() if key in known]
    return f"; {key} belongs in {' and '.join(tables)}" if tables else ""


def _suggestion(written: str, known: Iterable[str]) -> str:
    meant = get_close_matches(written, known, n=1)
    return f'. Did you mean "{meant[0]}"?' if meant else ""
