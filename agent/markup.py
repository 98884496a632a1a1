"""Pure. HTML of a mail as the text that a person sees, and as HTML that is safe to quote.

The tree is walked with a stack of our own, never by recursion. Hostile markup is defused before it is parsed: what the
HTML algorithm answers with a tree that grows quadratically (unclosed formatting elements, which every later paragraph
opens again) or takes quadratic time for (depth, attributes) is renamed or cut.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from itertools import product
from typing import Protocol

from selectolax.lexbor import LexborHTMLParser, LexborNode

LONGEST = 500_000
"""Characters of HTML that are looked at. Style sheets, scripts and comments are then cut out, and of the rest: """
LONGEST_CONTENT = 200_000
MOST_TAGS = 10_000
"""Nested, so many take the parser a tenth of a second, ten times as many ten seconds."""
DEEPEST_QUOTATION = 10
DEEPEST_MARKUP = 100


def render(html: str) -> str:
    """`html` as text: what is hidden is left out, quoted blocks are prefixed with "> ", a signature with "-- "."""
    page = _Page(has_quotations="<blockquote" in html.lower())
    _walk(html, page)
    return page.as_text()


def quotable(html: str) -> str:
    """What the body of `html` shows, as HTML that neither runs, loads, nor submits anything: fit to be quoted."""
    excerpt = _Excerpt()
    _walk(html, excerpt)
    return "".join(excerpt.pieces).strip()


# Defusing -------------------------------------------------------------------------------------------------------------


def _defused(html: str) -> str:
    html = html[:LONGEST]
    for start, end in _UNSEEN_STRETCHES:
        html = _cut_out(html, start, end)
    html = _INLINE_IMAGE.sub("", html)
    html = _FORMATTING_TAG.sub("x-", html[:LONGEST_CONTENT])
    return _first_tags(html)


_UNSEEN_STRETCHES = (
    (re.compile("<!--"), "-->"),
    (re.compile(r"<style(?=[\s/>])", re.IGNORECASE), "</style>"),
    (re.compile(r"<script(?=[\s/>])", re.IGNORECASE), "</script>"),
)
_INLINE_IMAGE = re.compile(r"data:image/[^\"'>\s]{200,}")

_FORMATTING_TAG = re.compile(
    r"(?:(?<=<)|(?<=</))(?=(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?:[\s/>]|$))",
    re.IGNORECASE,
)
"""The formatting elements of the HTML standard (section 13.2.4.3); as `x-b` they are ordinary ones to the parser."""


def _cut_out(html: str, start: re.Pattern[str], end: str) -> str:
    """`html` without the stretches from `start` to `end`; one that never ends is only an opening to be skipped."""
    lowered = html.lower()
    if len(lowered) != len(html):  # a few letters grow when lowered
        lowered = html
    pieces, position = [], 0
    while (opening := start.search(html, position)) is not None:
        closing = lowered.find(end, opening.end())
        if closing < 0:
            break
        pieces.append(html[position : opening.start()])
        position = closing + len(end)
    return "".join([*pieces, html[position:]])


def _first_tags(html: str) -> str:
    if html.count("<") <= MOST_TAGS:
        return html
    pieces = html.split("<", MOST_TAGS + 1)
    return "<".join(pieces[: MOST_TAGS + 1])


# Walking --------------------------------------------------------------------------------------------------------------

_Attributes = dict[str, str | None]


class _Reader(Protocol):
    """What is told of every visible node of a body, in document order."""

    def read(self, text: str) -> None: ...

    def enter(self, tag: str, attributes: _Attributes) -> None: ...

    def leave(self, tag: str) -> None: ...


def _walk(html: str, reader: _Reader) -> None:
    body = LexborHTMLParser(_defused(html)).body
    node = body
    trail: list[str] = []
    """The tags of the elements that are open."""
    while node is not None:
        entered = _show(node, reader)
        child = node.first_child if entered else None
        if entered:
            trail.append(entered)
        if child is not None:
            node = child
            continue
        if entered:
            reader.leave(trail.pop())
        while trail and node is not None and node.next is None:
            reader.leave(trail.pop())
            node = node.parent
        node = node.next if trail and node is not None else None


def _show(node: LexborNode, reader: _Reader) -> str:
    """Tell the reader of a node; its tag when it was entered, empty when there is nothing below it to be seen."""
    tag = node.tag or ""
    if tag == "-text":
        reader.read(node.text_content or "")
        return ""
    if tag in _UNSEEN or not tag or tag[0] in "-!":
        return ""
    attributes = node.attributes
    if attributes and _is_hidden(attributes):
        return ""
    tag = tag.removeprefix("x-")
    reader.enter(tag, attributes)
    return tag


_UNSEEN = frozenset(
    {
        *("script", "style", "head", "title", "meta", "link", "template", "object", "embed", "iframe", "frameset"),
        *("noframes", "svg", "math", "audio", "video", "canvas", "map", "select", "datalist", "textarea", "input"),
    }
)


def _is_hidden(attributes: _Attributes) -> bool:
    if "hidden" in attributes or "preheader" in (attributes.get("class") or "").lower():
        return True
    style = attributes.get("style")
    return style is not None and _look(style[:_LONGEST_STYLE]).hidden


@dataclass(frozen=True, slots=True)
class _Look:
    """What a style attribute says that matters for text."""

    hidden: bool
    flush: bool
    """No margin above and below, so no blank line there."""
    tiny: bool | None
    """Too small to be seen; None when it sets no size."""


_LONGEST_STYLE = 1_000


@lru_cache(maxsize=1_024)
def _look(style: str) -> _Look:
    compact = "".join(style.split()).lower()
    size = _FONT_SIZE.search(compact)
    return _Look(
        hidden=_HIDING.search(compact) is not None,
        flush=any(margin in compact for margin in ("margin:0", "margin-top:0", "margin-bottom:0")),
        tiny=None if size is None else float(size[1]) <= 1,
    )


_HIDING = re.compile(
    r"(?:^|;)(?:display:none|visibility:hidden|mso-hide:all|max-height:0|max-width:0(?![.\d])|opacity:0(?![.\d]))"
)
_FONT_SIZE = re.compile(r"(?:^|;)font-size:(\d{1,4}(?:\.\d{1,4})?)(?=px|pt|;|!|$)")


@lru_cache(maxsize=1_024)
def _words(names: str) -> frozenset[str]:
    return frozenset(names.lower().replace("yahoo_quoted_", "yahoo_quoted ").split())


def _names(attributes: _Attributes) -> frozenset[str]:
    """The words of class, id, and the other attributes by which mail programs mark what is theirs."""
    names = " ".join(f"{mark}{attributes.get(key) or ''}" for key, mark in _NAMING if key in attributes)
    return _words(names[:_LONGEST_STYLE]) if names else frozenset()


_NAMING = (("class", ""), ("id", ""), ("name", "name="))


# Text -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Frame:
    """What an open element does to the text inside and after it."""

    block: bool = False
    spaced: bool = False
    quoting: bool = False
    tiny: bool = False


@dataclass(slots=True)
class _Page:
    """The text written so far. A line is begun by its first visible character and ended by breaks and blocks."""

    has_quotations: bool
    """Whether there is a blockquote anywhere: then containers around them hold what was written between."""
    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    quotation: int = 0
    line_quotation: int = 0
    preformatted: int = 0
    frames: list[_Frame] = field(default_factory=lambda: [_Frame()])
    counters: list[int | None] = field(default_factory=list)
    """One a list that is open: the last number of an ordered one, None for bullets."""

    def enter(self, tag: str, attributes: _Attributes) -> None:
        """What stands before the content of an element."""
        names = _names(attributes) if attributes else frozenset()
        frame = self._frame(tag, attributes, names)
        self.frames.append(frame)
        if frame.block:
            self.end_line()
        if frame.spaced:
            self.blank_line()
        self.quotation += frame.quoting
        if names & _QUOTING_FROM_HERE and not self.quotation:
            self.quotation += 1
        elif names & _SIGNATURES and not frame.quoting:
            self.lines.append(f"{self.prefix}-- ")
        self._open(tag, attributes)

    def _frame(self, tag: str, attributes: _Attributes, names: frozenset[str]) -> _Frame:
        tiny = self.frames[-1].tiny
        if not attributes:
            return _PLAIN_FRAMES[tiny, tag in _BLOCKS, tag in _SPACED_BLOCKS, tag == "blockquote"]
        look = _look((attributes.get("style") or "")[:_LONGEST_STYLE])
        return _Frame(
            block=tag in _BLOCKS,
            # Word's paragraphs stand without blank lines as well.
            spaced=tag in _SPACED_BLOCKS and not look.flush and not any(name.startswith("mso") for name in names),
            quoting=not _is_indentation(attributes) if tag == "blockquote" else self._is_quoting(names),
            tiny=tiny if look.tiny is None else look.tiny,
        )

    def _is_quoting(self, names: frozenset[str]) -> bool:
        """Whether a program marked an element with these names as quoted."""
        return bool(names & _QUOTING) or (not self.has_quotations and bool(names & _QUOTING_AROUND_BLOCKS))

    def leave(self, tag: str) -> None:
        """What stands after the content of an element."""
        frame = self.frames.pop()
        if tag == "pre":
            self.preformatted -= 1
        elif tag in {"ul", "ol"}:
            self.counters.pop()
        if frame.block:
            self.end_line()
        self.quotation -= frame.quoting
        if frame.spaced:
            self.blank_line()

    def _open(self, tag: str, attributes: _Attributes) -> None:
        match tag:
            case "br":
                self.end_line(always=True)
            case "hr":
                self.blank_line()
            case "td" | "th":
                self.line += [" "] if self.line else []
            case "pre":
                self.preformatted += 1
            case "ul" | "ol":
                self.counters.append(0 if tag == "ol" else None)
            case "li":
                self.write_plainly(self._bullet())
            case "img":
                self.read(_emoji(attributes))

    def _bullet(self) -> str:
        if not self.counters or self.counters[-1] is None:
            return "- "
        self.counters[-1] += 1
        return f"{self.counters[-1]}. "

    @property
    def prefix(self) -> str:
        """The marks of the quotation that is open."""
        return "> " * min(self.quotation, DEEPEST_QUOTATION)

    def read(self, text: str) -> None:
        """Add text as a browser would: spaces collapsed, but for preformatted text."""
        if self.frames[-1].tiny:
            return
        if self.preformatted:
            first, *rest = text.split("\n")
            self.write_plainly(first)
            for line in rest:
                self.end_line(always=True)
                self.write_plainly(line)
            return
        self.write_plainly(_SPACES.sub(" ", text))

    def write_plainly(self, text: str) -> None:
        """Add text as it stands, but no space at the start of a line."""
        if not self.line:
            text = text if self.preformatted else text.lstrip(" ")
            self.line_quotation = self.quotation
        if text:
            self.line.append(text)

    def end_line(self, *, always: bool = False) -> None:
        """End the line when it has begun; `always` for a break, which also ends an empty one."""
        if self.line or always:
            depth = min(self.line_quotation if self.line else self.quotation, DEEPEST_QUOTATION)
            self.lines.append("> " * depth + "".join(self.line).rstrip())
            self.line = []

    def blank_line(self) -> None:
        """Make sure that a blank line stands before what follows."""
        self.end_line()
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(self.prefix)

    def as_text(self) -> str:
        """All of it, without surplus blank lines."""
        self.end_line()
        text = "\n".join(self.lines).replace("\xa0", " ").replace("\u202f", " ")
        return _BLANK_LINES.sub("\n\n", _ZERO_WIDTH.sub("", text)).strip("\n")


_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*+\n){2,}")
_ZERO_WIDTH = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog"),
        *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section"),
        *("summary", "table", "tbody", "tfoot", "thead", "tr", "ul"),
    }
)
_SPACED_BLOCKS = frozenset(
    {
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "dl", "pre"),
    }
)


_PLAIN_FRAMES = {
    (tiny, block, spaced, quoting): _Frame(block=block, spaced=spaced, quoting=quoting, tiny=tiny)
    for tiny, block, spaced, quoting in product((False, True), repeat=4)
}
"""Of elements without attributes, which most are."""


def _emoji(attributes: _Attributes) -> str:
    """The sign that a picture stands for, as Gmail and Outlook write theirs; other pictures say nothing."""
    text = attributes.get("data-emoji") or attributes.get("alt") or ""
    return text if len(text) <= 4 and not text.isascii() else ""  # noqa: PLR2004 - an emoji with its modifiers


_QUOTING = frozenset(
    {
        *("yahoo_quoted", "moz-cite-prefix", "moz-forward-container", "mail-editor-reference-message-container"),
        *("ms-outlook-mobile-reference-message", "name=messagereplysection", "name=quote", "replysplit"),
        *("missive_quote", "front-blockquote", "mailru-blockquote", "tutanota_quote", "hmail-quote", "skiff-quote"),
    }
)
_QUOTING_AROUND_BLOCKS = frozenset({"gmail_quote", "protonmail_quote", "zmail_extra"})
"""Containers that also hold what was written between the quoted blocks."""
_QUOTING_FROM_HERE = frozenset({"divrplyfwdmsg", "outlookmessageheader"})
"""Of Outlook: the header of the quoted mail, whose text follows it until the end."""
_SIGNATURES = frozenset(
    {
        *("gmail_signature", "moz-signature", "ms-outlook-mobile-signature", "protonmail_signature_block"),
    }
)


def _is_indentation(attributes: _Attributes) -> bool:
    """Whether a blockquote only moves the writer's own words to the right, as the indent button of Gmail does."""
    if not attributes or set(attributes) - {"style", "dir"}:
        return False
    return "border:none" in "".join((attributes.get("style") or "")[:_LONGEST_STYLE].split()).lower()


# Quoting --------------------------------------------------------------------------------------------------------------

_VOID = frozenset({"br", "hr"})
_QUOTABLE = {
    **dict.fromkeys(
        (
            "b",
            "i",
            "u",
            "em",
            "strong",
            "big",
            "small",
            "code",
            "tt",
            "s",
            "strike",
            "sub",
            "sup",
            "br",
            "hr",
            "center",
        ),
        frozenset[str](),
    ),
    **dict.fromkeys(
        (
            "p",
            "div",
            "span",
            "blockquote",
            "pre",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "ul",
            "li",
            "dl",
            "dt",
            "dd",
            "address",
            "article",
            "section",
            "header",
            "footer",
        ),
        frozenset({"style", "dir", "lang"}),
    ),
    "font": frozenset({"color", "face", "size"}),
    "a": frozenset({"href"}),
    "ol": frozenset({"style", "start", "type"}),
    "table": frozenset({"style", "border", "cellpadding", "cellspacing", "width", "align", "bgcolor"}),
    **dict.fromkeys(("thead", "tbody", "tfoot"), frozenset[str]()),
    "tr": frozenset({"style", "align", "valign", "bgcolor"}),
    **dict.fromkeys(("td", "th"), frozenset({"style", "align", "valign", "width", "bgcolor", "colspan", "rowspan"})),
}
"""Element → the attributes that it keeps. What is not listed loses its tags and keeps its text."""


@dataclass(slots=True)
class _Excerpt:
    """A body written again with nothing but what is quotable."""

    pieces: list[str] = field(default_factory=list)
    depth: int = 0

    def read(self, text: str) -> None:
        """Text as it stands."""
        self.pieces.append(escape(text, quote=False))

    def enter(self, tag: str, attributes: _Attributes) -> None:
        """The start tag; for a picture the words that stand for it."""
        if tag == "img":
            self.read(attributes.get("alt") or "")
        if tag not in _QUOTABLE:
            return
        self.depth += 1
        if self.depth <= DEEPEST_MARKUP:
            self.pieces.append(_start_tag(tag, attributes))

    def leave(self, tag: str) -> None:
        """The end tag."""
        if tag not in _QUOTABLE:
            return
        if self.depth <= DEEPEST_MARKUP and tag not in _VOID:
            self.pieces.append(f"</{tag}>")
        self.depth -= 1


def _start_tag(tag: str, attributes: _Attributes) -> str:
    kept = [
        f' {name}="{escape(value or "")}"'
        for name, value in attributes.items()
        if name in _QUOTABLE[tag] and _is_harmless(name, value or "")
    ]
    return f"<{tag}{''.join(kept)}>"


def _is_harmless(name: str, value: str) -> bool:
    if name == "href":
        return _HARMLESS_LINK.match(value) is not None
    if name == "style":
        return _LOADING_STYLE.search(value.lower()) is None
    return True


_HARMLESS_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_LOADING_STYLE = re.compile(r"url|src|image|expression|import|behavio|binding|javascript|position|\\|/\*|[<>{}]")
