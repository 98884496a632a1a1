"""I/O: template files. Loads the templates of the letters, the owner's own ones first, and renders them.

A name is looked for in the owner's folder as `<language>/<name>`, then as a bare `<name>`; then among the shipped ones
in the language, beside the languages (what needs no words), and at last in English. All run in a sandbox. Where one of
the owner's is broken, the shipped one is used and `problems` says so.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path, PurePosixPath
from traceback import extract_tb

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.loaders import split_template_path
from jinja2.meta import find_undeclared_variables
from jinja2.nodes import Name
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent.errors import TemplateFault

FALLBACK_LANGUAGE = "en"
SUFFIX = ".j2"
_IN_THE_WHEEL = Path(__file__).parent / "templates"
_IN_A_CHECKOUT = Path(__file__).parent.parent / "templates"
_LONGEST_TEMPLATE = 256 * 1024
"""Characters; the longest shipped one has 8 KiB."""
_ESCAPED = "#escaped"
"""After the name of a template: the same file, where HTML imports it."""
_USED_INSTEAD = "the shipped template is used instead."

_FAULTS_OF_AN_EXPRESSION = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What an expression in a template can raise besides Jinja's own errors; Jinja passes it on as it is."""


def shipped_templates() -> Path:
    """The folder of the shipped templates: inside the package when installed, beside it in a checkout."""
    return _IN_THE_WHEEL if _IN_THE_WHEEL.is_dir() else _IN_A_CHECKOUT


class Stationery:
    """The templates of one owner. `overrides` is the owner's folder; None when there is none."""

    def __init__(self, overrides: Path | None = None, *, shipped: Path | None = None) -> None:
        self._folder = shipped or shipped_templates()
        self._overrides = overrides
        self._shipped = _environment(_Shelf(self._folder))
        self._own = self._shipped if overrides is None else _environment(_Shelf(self._folder, overrides))
        self._failed: dict[str, None] = {}

    def render(self, name: str, language: str, /, **values: object) -> str:
        """Return the text of a template, which is given `values` and the `language`.

        Raises TemplateFault, with file and line, when it cannot be rendered.
        """
        try:
            return _rendered(self._own, name, language, values)
        except TemplateFault as fault:
            if self._own is self._shipped:
                raise
            self._failed[f"{fault}; {_USED_INSTEAD}"] = None
        return _rendered(self._shipped, name, language, values)

    def language_of(self, name: str, language: str) -> str:
        """The language that a template is there in: `language`, else English."""
        folders = (folder for folder in (self._overrides, self._folder) if folder is not None)
        is_there = _is_plain(language) and any((folder / language / name).is_file() for folder in folders)
        return language if is_there else FALLBACK_LANGUAGE

    def problems(self) -> list[str]:
        """What is wrong with the owner's templates, a sentence each with file and line; those that failed included."""
        if self._overrides is None:
            return []
        if not self._overrides.is_dir():
            return [f"{self._overrides}: there is no such folder; the shipped templates are used."]
        paths = sorted(path for path in self._overrides.rglob(f"*{SUFFIX}") if path.is_file())
        found = chain.from_iterable(self._problems_of(path) for path in paths)
        return list(dict.fromkeys((*found, *self._failed)))

    def _problems_of(self, path: Path) -> Iterator[str]:
        if path.name not in {shipped.name for shipped in self._shipped_paths()}:
            names = ", ".join(sorted({shipped.name for shipped in self._shipped_paths()}))
            yield f"{path}: no template has this name, so this one is never used. There are: {names}."
            return
        try:
            yield from self._unknown_values(path)
        except TemplateSyntaxError as error:
            yield f"{path}:{error.lineno}: {error.message}; {_USED_INSTEAD}"
        except (OSError, ValueError, MemoryError, RecursionError) as error:
            yield f"{path}:1: cannot be read ({error}); {_USED_INSTEAD}"

    def _unknown_values(self, path: Path) -> Iterator[str]:
        tree = self._shipped.parse(_read(path))
        known = chain.from_iterable(_values_of(self._shipped, shipped) for shipped in self._shipped_paths())
        for value in sorted(find_undeclared_variables(tree) - set(known) - set(self._shipped.globals)):
            line = min((name.lineno for name in tree.find_all(Name) if name.name == value), default=1)
            yield f"{path}:{line}: no letter has a value “{value}”; {_USED_INSTEAD}"

    def _shipped_paths(self) -> list[Path]:
        return sorted(self._folder.rglob(f"*{SUFFIX}"))


class _Shelf(BaseLoader):
    """Finds `<language>/<name>`. The folder of the owner may be missing."""

    def __init__(self, shipped: Path, overrides: Path | None = None) -> None:
        self._shipped = shipped
        self._overrides = overrides

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        name = "/".join(split_template_path(template.removesuffix(_ESCAPED)))  # refuses to leave the folder
        for path in self._overriding(name):
            if path.is_file() and _is_sound(environment, path):
                return self._found(path)
        for path in self._shipping(name):
            if path.is_file():
                return self._found(path)
        raise TemplateNotFound(template)

    def _overriding(self, template: str) -> Iterator[Path]:
        if self._overrides is not None:
            yield self._overrides / template
            yield self._overrides / PurePosixPath(template).name

    def _shipping(self, template: str) -> Iterator[Path]:
        name = PurePosixPath(template).name
        yield self._shipped / template
        yield self._shipped / name
        yield self._shipped / FALLBACK_LANGUAGE / name

    def _found(self, path: Path) -> tuple[str, str, Callable[[], bool]]:
        changed_at = path.stat().st_mtime_ns

        def is_unchanged() -> bool:
            return path.is_file() and path.stat().st_mtime_ns == changed_at

        return _read(path), str(path), is_unchanged


class _Environment(ImmutableSandboxedEnvironment):
    """Resolves what a template imports: in the language that the letter is rendered in, and escaping as it does.

    Jinja takes the result of a macro that HTML calls for HTML, whether the macro's own file escapes or not.
    """

    def join_path(self, template: str, parent: str) -> str:
        language = parent.split("/", maxsplit=1)[0]
        return f"{language}/{template}{_ESCAPED if _is_html(parent) else ''}"


def _environment(shelf: _Shelf) -> Environment:
    return _Environment(
        loader=shelf,
        undefined=StrictUndefined,
        autoescape=_is_html,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _rendered(environment: Environment, name: str, language: str, values: Mapping[str, object]) -> str:
    folder = language if _is_plain(language) else FALLBACK_LANGUAGE
    try:
        return environment.get_template(f"{folder}/{name}").render({"language": language, **values})
    except TemplateSyntaxError as error:
        raise TemplateFault(f"{error.filename or name}:{error.lineno}: {error.message}") from error
    except (TemplateError, *_FAULTS_OF_AN_EXPRESSION) as error:
        raise TemplateFault(f"{_place(error, name)}: {error}") from error


def _place(error: BaseException, name: str) -> str:
    """File and line of the innermost template that an error came through; Jinja writes them into the traceback."""
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename.endswith(SUFFIX)]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else name


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith((f".html{SUFFIX}", _ESCAPED))


def _values_of(environment: Environment, path: Path) -> set[str]:
    return find_undeclared_variables(environment.parse(_read(path)))


def _is_sound(environment: Environment, path: Path) -> bool:
    try:
        environment.compile(_read(path), filename=str(path))
    except (TemplateError, OSError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _read(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if len(text) > _LONGEST_TEMPLATE:
        raise ValueError(f"it is longer than {_LONGEST_TEMPLATE // 1024} KiB")
    return text


def _is_plain(language: str) -> bool:
    """Whether a language can be the name of a folder: it may come from a mail."""
    return language.isascii() and language.replace("-", "").replace("_", "").isalnum()
