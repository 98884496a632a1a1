"""What the owner sees: our HTML in a real browser, as pictures and as boxes, wide and narrow, in light and in dark."""

import base64
import html as markup
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.compose import Composer
from agent.model import Address, Contact, Introducer, Notice, Offer, Outcome, Stamp
from agent.stationery import Stationery
from tests.shapes import NOW, OWNER, an_offer, answers

pytestmark = pytest.mark.browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
STAMP = Stamp("<0123456789abcdef.01234567.abcdefghijklmnopqrst@example.com>", NOW, "abcdefghijklm")
OFFER = an_offer(
    cc=(Address("Sara Lindqvist", "sara@northwind.example"),),
    warnings=("You do not seem to have written to this address before.",),
)
LONG_NAMES = an_offer(
    introducer=Introducer("D" * 60, "D" * 60, f"{'d' * 60}@{'example' * 6}.org"), contacts=(Contact(name="W" * 60),)
)
COMPOSER = Composer(replace(OWNER, blurbs={"": "Alex plays the cello."}), Stationery(), timedelta(weeks=2))
PHONE = 390
DESKTOP = 800
HEIGHT = 700

Colour = tuple[int, int, int]


@pytest.fixture(autouse=True)
def _browser() -> None:
    if CHROMIUM is None:
        if os.environ.get("GRACIOUS_TEST_ALL") == "1":
            pytest.fail("Chromium is not installed.")
        pytest.skip("Chromium is not installed.")


@dataclass(frozen=True)
class Picture:
    """What a PNG shows: how many pixels have each colour, and the box of those that are not background."""

    colours: Mapping[Colour, int]
    left: int
    top: int
    right: int
    bottom: int

    @property
    def background(self) -> Colour:
        return max(self.colours, key=lambda colour: self.colours[colour])

    def strongest_contrast(self) -> float:
        """The ratio of WCAG 2 between the background and what stands out most from it."""
        common = [colour for colour, count in self.colours.items() if count > 50]
        return max(contrast(colour, self.background) for colour in common)


def contrast(one: Colour, other: Colour) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    parts = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def run_chromium(folder: Path, page: str, *options: str) -> str:
    (folder / "page.html").write_text(page, encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += ["--hide-scrollbars", f"--user-data-dir={folder / 'profile'}", *options]
    command.append((folder / "page.html").as_uri())
    done = subprocess.run(command, check=True, capture_output=True, timeout=100)  # noqa: S603
    return done.stdout.decode()


def framed(html: str, width: int, script: str = "") -> str:
    """The mail in a frame of `width`: a window of headless Chromium is never narrower than 500."""
    style = f"width:{width}px;height:{HEIGHT}px;border:0;display:block"
    frame = f'<iframe style="{style}" srcdoc="{markup.escape(html)}"></iframe>'
    return f'<!DOCTYPE html><meta name="color-scheme" content="light dark"><body style="margin:0">{frame}{script}'


LOOK = """
<img src="data:image/png;base64,{png}"><script>
onload = () => {{
  const image = document.images[0], canvas = document.createElement("canvas"), colours = {{}};
  canvas.width = {width}, canvas.height = image.naturalHeight;
  const brush = canvas.getContext("2d");
  brush.drawImage(image, 0, 0);
  const pixels = brush.getImageData(0, 0, canvas.width, canvas.height).data;
  const colour = at => pixels.slice(4 * at, 4 * at + 3).join(",");
  for (let at = 0; at < pixels.length / 4; at++) colours[colour(at)] = (colours[colour(at)] || 0) + 1;
  const ground = colour(0);
  let left = canvas.width, top = canvas.height, right = 0, bottom = 0;
  for (let at = 0; at < pixels.length / 4; at++) {{
    if (colour(at) === ground) continue;
    const x = at % canvas.width, y = Math.floor(at / canvas.width);
    left = Math.min(left, x), right = Math.max(right, x), top = Math.min(top, y), bottom = Math.max(bottom, y);
  }}
  document.title = JSON.stringify({{colours, left, top, right, bottom}});
}};
</script>
"""


def picture(html: str, folder: Path, *, width: int, dark: bool = False) -> Picture:
    """The mail rendered to a PNG, whose pixels the browser then reads for us."""
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    shot = folder / "shot.png"
    run_chromium(
        folder, framed(html, width), f"--window-size={max(width, 500)},{HEIGHT}", f"--screenshot={shot}", *scheme
    )
    png = base64.b64encode(shot.read_bytes()).decode()
    seen = told(run_chromium(folder, LOOK.format(png=png, width=width), "--dump-dom"))
    colours = {tuple(map(int, colour.split(","))): count for colour, count in seen.pop("colours").items()}
    return Picture(colours, **seen)  # type: ignore[arg-type]


def told(page: str) -> dict[str, Any]:
    """What a script has left in the title."""
    title = markup.unescape(page.partition("<title>")[2].partition("</title>")[0])
    measured: dict[str, Any] = json.loads(title)
    return measured


MEASURE = """
<script>
document.querySelector("iframe").onload = event => {
  const page = event.target.contentDocument;
  const boxes = [...page.querySelectorAll("p, a")].map(each => {
    const {left, top, right, bottom} = each.getBoundingClientRect();
    return {tag: each.localName, text: each.innerText, left, top, right, bottom};
  });
  document.title = JSON.stringify({width: page.documentElement.scrollWidth, boxes});
};
</script>
"""


@dataclass(frozen=True)
class Box:
    tag: str
    text: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Layout:
    width: int
    boxes: Sequence[Box]

    def of(self, tag: str) -> list[Box]:
        return [box for box in self.boxes if box.tag == tag]


def layout(html: str, folder: Path, width: int) -> Layout:
    """Where the browser puts the paragraphs and links."""
    measured = told(run_chromium(folder, framed(html, width, MEASURE), "--dump-dom"))
    return Layout(measured["width"], [Box(**box) for box in measured["boxes"]])


def check_in(offer: Offer = OFFER) -> str:
    return COMPOSER.check_in(offer, STAMP).html or ""


def notice() -> str:
    said = answers(Outcome.DEFER, swamped=True, changing_fields=False, reason="on deadline")
    draft = COMPOSER.draft(OFFER, said, STAMP)
    return COMPOSER.notice(Notice.CORRECTED, OFFER, STAMP, answers=said, draft=draft).html or ""


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_check_in_can_be_read(tmp_path: Path, width: int, dark: bool) -> None:  # noqa: FBT001
    seen = picture(check_in(), tmp_path, width=width, dark=dark)

    assert (luminance(seen.background) < 0.1) is dark
    assert seen.strongest_contrast() > 12
    assert seen.left >= 15
    assert seen.right <= width - 15
    assert seen.top < 60
    assert seen.bottom > HEIGHT - 60


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_answers_stand_out_as_links(tmp_path: Path, dark: bool) -> None:  # noqa: FBT001
    seen = picture(check_in(), tmp_path, width=PHONE, dark=dark)

    red, green, blue = max(seen.colours, key=lambda colour: min(seen.colours[colour], 100) * (colour[1] - colour[0]))
    assert green - red > 60
    assert green > blue
    assert contrast((red, green, blue), seen.background) > 4


@pytest.mark.parametrize("width", [320, PHONE, DESKTOP])
@pytest.mark.parametrize("offer", [OFFER, LONG_NAMES], ids=["usual", "long names"])
def test_nothing_is_wider_than_the_screen(tmp_path: Path, width: int, offer: Offer) -> None:
    assert layout(check_in(offer), tmp_path, width).width <= width


def test_the_questions_are_the_first_thing_on_a_phone(tmp_path: Path) -> None:
    paragraphs = layout(check_in(), tmp_path, PHONE).of("p")

    assert [box.text for box in paragraphs[:2]] == ["1. Are you swamped?", "2. Are you changing fields?"]
    assert paragraphs[0].top < paragraphs[1].top < 100
    assert paragraphs[1].bottom - paragraphs[1].top <= 2 * 32, "on one line, or two where the fonts are wide"


def test_every_answer_is_large_enough_for_a_thumb(tmp_path: Path) -> None:
    """WCAG 2.2 asks for 24 pixels, Apple and Google for 44 and 48."""
    answers_shown = layout(check_in(), tmp_path, PHONE).of("a")

    assert len(answers_shown) == 5
    for box in answers_shown:
        assert box.bottom - box.top >= 44
        assert box.right - box.left >= 300


def test_lines_on_a_desktop_are_not_too_long_to_read(tmp_path: Path) -> None:
    for html in (check_in(), notice()):
        assert all(box.right - box.left <= 600 for box in layout(html, tmp_path, 1600).of("p"))


def test_a_letter_in_a_notice_is_set_off_from_the_rest(tmp_path: Path) -> None:
    paragraphs = layout(notice(), tmp_path, PHONE).of("p")

    first = next(number for number, box in enumerate(paragraphs) if box.text == "Hi Dev,")
    assert {box.left for box in paragraphs[:first]} == {20}
    assert all(box.left > 30 for box in paragraphs[first:])
