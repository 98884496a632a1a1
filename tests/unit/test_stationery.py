from pathlib import Path

import pytest

from agent.errors import TemplateFault
from agent.stationery import Stationery, shipped_templates


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    return folder(
        tmp_path / "shipped",
        {
            "en/letter.txt.j2": "Hello {{ name }}",
            "en/parts.j2": "{% macro greet(name) %}Hi {{ name }}{% endmacro %}",
            "en/long.txt.j2": '{% import "parts.j2" as parts %}{{ parts.greet(name) }}',
            "fr/letter.txt.j2": "Bonjour {{ name }}",
            "fr/parts.j2": "{% macro greet(name) %}Salut {{ name }}{% endmacro %}",
            "fr/long.txt.j2": '{% import "parts.j2" as parts %}{{ parts.greet(name) }}',
            "page.html.j2": '{% import "parts.j2" as parts %}<p lang="{{ language }}">{{ parts.greet(name) }}</p>',
        },
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return folder(tmp_path / "own", {})


def folder(path: Path, files: dict[str, str]) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    return path


def test_a_template_is_rendered_in_its_language(shipped: Path) -> None:
    stationery = Stationery(shipped=shipped)

    assert stationery.render("letter.txt.j2", "en", name="Dev") == "Hello Dev"
    assert stationery.render("letter.txt.j2", "fr", name="Dev") == "Bonjour Dev"


def test_what_a_template_imports_is_of_the_same_language(shipped: Path) -> None:
    assert Stationery(shipped=shipped).render("long.txt.j2", "fr", name="Dev") == "Salut Dev"


def test_a_layout_without_words_serves_every_language(shipped: Path) -> None:
    assert Stationery(shipped=shipped).render("page.html.j2", "fr", name="Dev") == '<p lang="fr">Salut Dev</p>'


@pytest.mark.parametrize("language", ["xx", "", "../fr", "fr/..", "e n", "ŕ"])
def test_a_language_that_is_not_there_is_english(shipped: Path, language: str) -> None:
    stationery = Stationery(shipped=shipped)

    assert stationery.render("letter.txt.j2", language, name="Dev") == "Hello Dev"
    assert stationery.language_of("letter.txt.j2", language) == "en"
    assert stationery.language_of("letter.txt.j2", "fr") == "fr"


def test_html_is_escaped_and_text_is_not(shipped: Path) -> None:
    stationery = Stationery(shipped=shipped)

    assert stationery.render("letter.txt.j2", "en", name="<Dev>") == "Hello <Dev>"
    assert stationery.render("page.html.j2", "en", name="<Dev>") == '<p lang="en">Hi &lt;Dev&gt;</p>'


@pytest.mark.parametrize("place", ["en/letter.txt.j2", "letter.txt.j2"])
def test_a_template_of_the_owner_is_used_first(shipped: Path, own: Path, place: str) -> None:
    folder(own, {place: "Dearest {{ name }}"})

    assert Stationery(own, shipped=shipped).render("letter.txt.j2", "en", name="Dev") == "Dearest Dev"
    assert Stationery(own, shipped=shipped).problems() == []


def test_a_template_of_the_owner_may_be_in_a_language_that_is_not_shipped(shipped: Path, own: Path) -> None:
    folder(own, {"sv/letter.txt.j2": "Hej {{ name }}"})
    stationery = Stationery(own, shipped=shipped)

    assert stationery.language_of("letter.txt.j2", "sv") == "sv"
    assert stationery.render("letter.txt.j2", "sv", name="Dev") == "Hej Dev"


def test_a_part_of_the_owner_is_used_by_the_shipped_letters(shipped: Path, own: Path) -> None:
    folder(own, {"en/parts.j2": "{% macro greet(name) %}Ahoy {{ name }}{% endmacro %}"})

    assert Stationery(own, shipped=shipped).render("long.txt.j2", "en", name="Dev") == "Ahoy Dev"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one\n{{ name", 2),
        ("one\ntwo\n{% if %}", 3),
        ("{% endfor %}", 1),
        ("{{ name|no_such_filter }}", 1),
        ("one\n\n{{ nmae }}", 3),
    ],
)
def test_a_broken_template_of_the_owner_is_named_and_the_shipped_one_used(
    shipped: Path, own: Path, text: str, line: int
) -> None:
    folder(own, {"en/letter.txt.j2": text})
    stationery = Stationery(own, shipped=shipped)

    (problem,) = stationery.problems()

    assert problem.startswith(f"{own}/en/letter.txt.j2:{line}: ")
    assert stationery.render("letter.txt.j2", "en", name="Dev") == "Hello Dev"


@pytest.mark.parametrize(
    "text",
    [
        "\n{{ name.missing }}",
        "\n{{ 1 / 0 }}",
        "\n{{ name + 1 }}",
        "\n{{ {}['a'].b }}",
        "\n{{ name.__class__.__mro__ }}",
    ],
)
def test_a_template_that_fails_when_it_is_used_is_named_afterwards(shipped: Path, own: Path, text: str) -> None:
    folder(own, {"letter.txt.j2": text})
    stationery = Stationery(own, shipped=shipped)

    assert stationery.render("letter.txt.j2", "en", name="Dev") == "Hello Dev"
    assert [problem.split(": ")[0] for problem in stationery.problems()] == [f"{own}/letter.txt.j2:2"]


def test_a_template_that_cannot_be_read_gives_way(shipped: Path, own: Path) -> None:
    (own / "letter.txt.j2").write_bytes(b"\xff\xfe\xff")
    stationery = Stationery(own, shipped=shipped)

    assert stationery.render("letter.txt.j2", "en", name="Dev") == "Hello Dev"
    assert len(stationery.problems()) == 1


def test_a_template_of_the_owner_reaches_no_file_and_no_code(shipped: Path, own: Path) -> None:
    folder(own, {"letter.txt.j2": "{% include '../../secret' %}", "parts.j2": "{{ [].append(1) }}"})
    (own.parent / "secret").write_text("secret")
    stationery = Stationery(own, shipped=shipped)

    assert stationery.render("letter.txt.j2", "en", name="Dev") == "Hello Dev"
    assert stationery.render("long.txt.j2", "en", name="Dev") == "Hi Dev"


def test_a_file_that_no_letter_uses_is_a_problem(shipped: Path, own: Path) -> None:
    folder(own, {"en/leter.txt.j2": "Hello"})

    (problem,) = Stationery(own, shipped=shipped).problems()

    assert "leter.txt.j2: no template has this name" in problem
    assert "letter.txt.j2" in problem.partition("There are: ")[2]


def test_a_folder_that_is_not_there_is_a_problem(shipped: Path, tmp_path: Path) -> None:
    stationery = Stationery(tmp_path / "nowhere", shipped=shipped)

    assert stationery.problems() == [f"{tmp_path}/nowhere: there is no such folder; the shipped templates are used."]
    assert stationery.render("letter.txt.j2", "en", name="Dev") == "Hello Dev"


def test_a_shipped_template_that_fails_is_a_fault_with_file_and_line(shipped: Path) -> None:
    folder(shipped, {"en/letter.txt.j2": "one\n{{ nobody }}"})

    with pytest.raises(TemplateFault, match=r"en/letter\.txt\.j2:2: 'nobody' is undefined"):
        Stationery(shipped=shipped).render("letter.txt.j2", "en")


def test_a_template_that_is_nowhere_is_a_fault(shipped: Path) -> None:
    with pytest.raises(TemplateFault, match=r"no\.txt\.j2"):
        Stationery(shipped=shipped).render("no.txt.j2", "en")


def test_without_a_folder_of_the_owner_there_are_no_problems() -> None:
    assert Stationery().problems() == []


def test_copies_of_all_shipped_templates_are_sound(own: Path) -> None:
    for path in shipped_templates().rglob("*.j2"):
        folder(own, {path.relative_to(shipped_templates()).as_posix(): path.read_text(encoding="utf-8")})

    assert Stationery(own).problems() == []
