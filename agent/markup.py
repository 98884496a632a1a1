"""Pure. HTML of a mail as the text that a person sees, and as HTML that is safe to quote.

The tree is walked with a stack of our own, never by recursion. Hostile markup is defused before it is parsed: what the
HTML algorithm answers with a tree that grows quadratically (unclosed formatting elements, which every later paragraph
opens again) or takes quadratic time for (depth, attributes) is renamed or cut.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

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
    for node, entering in _walk(html):
        if entering:
            page.enter(node)
        else:
            page.leave(node)
    return page.text()


def quotable(html: str) -> str:
    """What the body of `html` shows, as HTML that neither runs, loads, nor submits anything: fit to be quoted."""
    pieces: list[str] = []
    depth = 0
    for node, entering in _walk(html):
        tag = _tag(node)
        if tag == "-text":
            pieces.append(escape(node.text_content or "", quote=False) if entering else "")
        elif tag == "img":
            pieces.append(escape(node.attributes.get("alt") or "", quote=False) if entering else "")
        elif tag in _QUOTABLE:
            depth += 1 if entering else -1
            if depth + (not entering) <= DEEPEST_MARKUP:
                pieces.append(_opening(node, tag) if entering else _closing(tag))
    return "".join(pieces).strip()


# Defusing -------------------------------------------------------------------------------------------------------------


def _defused(html: str) -> str:
    html = html[:LONGEST]
    for start, end in _UNSEEN_STRETCHES:
        html = _cut_out(html, start, end)
    html = _INLINE_IMAGE.sub("", html)
    html = _FORMATTING.sub(r"<\1x-\2", html[:LONGEST_CONTENT])
    return _first_tags(html)


_UNSEEN_STRETCHES = (
    (re.compile("<!--"), "-->"),
    (re.compile(r"<style(?=[\s/>])", re.IGNORECASE), "</style>"),
    (re.compile(r"<script(?=[\s/>])", re.IGNORECASE), "</script>"),
)
_INLINE_IMAGE = re.compile(r"data:image/[^\"'>\s]{200,}")

_FORMATTING = re.compile(
    r"<(/?)(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>]|$)",
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


def _walk(html: str) -> Iterator[tuple[LexborNode, bool]]:
    """Every visible node of the body in document order, elements twice: entering (True) and leaving (False)."""
    node = LexborHTMLParser(_defused(html)).body
    if node is None:
        return
    trail: list[LexborNode] = []
    while True:
        visible = not _is_hidden(node)
        if visible:
            yield node, True
        child = node.first_child if visible else None
        if child is not None:
            trail.append(node)
            node = child
            continue
        if visible:
            yield node, False
        while (following := node.next) is None:
            if not trail:
                return
            node = trail.pop()
            yield node, False
            if not trail:
                return
        if not trail:
            return
        node = following


def _tag(node: LexborNode) -> str:
    return (node.tag or "").removeprefix("x-")


def _is_hidden(node: LexborNode) -> bool:
    tag = node.tag or ""
    if tag == "-text":
        return False
    if tag in _UNSEEN or not tag or tag.startswith(("-", "!")):
        return True
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or "preheader" in (attributes.get("class") or "").lower():
        return True
    style = attributes.get("style")
    return bool(style and _HIDING.search(_compact(style)))


_UNSEEN = frozenset(
    {
        *("script", "style", "head", "title", "meta", "link", "template", "object", "embed", "iframe", "frameset"),
        *("noframes", "svg", "math", "audio", "video", "canvas", "map", "select", "datalist", "textarea", "input"),
    }
)
_HIDING = re.compile(
    r"(?:^|;)(?:display:none|visibility:hidden|mso-hide:all|max-height:0|max-width:0(?![.\d])|opacity:0(?![.\d]))"
)


def _compact(style: str) -> str:
    return "".join(style[:4_096].split()).lower()


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

    def enter(self, node: LexborNode) -> None:
        """What stands before the content of `node`, or the text itself."""
        tag = _tag(node)
        if tag == "-text":
            self.write(node.text_content or "")
            return
        attributes = node.attributes
        frame = self._frame(tag, attributes)
        self.frames.append(frame)
        if frame.block:
            self.end_line()
        if frame.spaced:
            self.blank_line()
        self.quotation += frame.quoting
        if attributes and not frame.quoting and _names(attributes) & _SIGNATURES:
            self.lines.append(f"{self.prefix}-- ")
        self._open(tag, attributes)

    def _frame(self, tag: str, attributes: dict[str, str | None]) -> _Frame:
        return _Frame(
            block=tag in _BLOCKS,
            spaced=tag in _SPACED_BLOCKS and _is_spaced(attributes),
            quoting=_is_quotation(tag, attributes, has_quotations=self.has_quotations),
            tiny=_is_tiny(attributes.get("style"), inherited=self.frames[-1].tiny),
        )

    def leave(self, node: LexborNode) -> None:
        """What stands after the content of `node`."""
        tag = _tag(node)
        if tag == "-text":
            return
        frame = self.frames.pop()
        self._close(tag)
        if frame.block:
            self.end_line()
        self.quotation -= frame.quoting
        if frame.spaced:
            self.blank_line()

    def _open(self, tag: str, attributes: dict[str, str | None]) -> None:
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
                self.write(_emoji(attributes))

    def _close(self, tag: str) -> None:
        if tag == "pre":
            self.preformatted -= 1
        elif tag in {"ul", "ol"} and self.counters:
            self.counters.pop()

    def _bullet(self) -> str:
        if not self.counters or self.counters[-1] is None:
            return "- "
        self.counters[-1] += 1
        return f"{self.counters[-1]}. "

    @property
    def prefix(self) -> str:
        """The marks of the quotation that is open."""
        return "> " * min(self.quotation, DEEPEST_QUOTATION)

    def write(self, text: str) -> None:
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

    def text(self) -> str:
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


def _is_spaced(attributes: dict[str, str | None]) -> bool:
    """Whether browsers set it off by a blank line. Word's paragraphs, and those styled so, stand without."""
    if not attributes:
        return True
    if "mso" in (attributes.get("class") or "").lower():
        return False
    style = _compact(attributes.get("style") or "")
    return not ("margin:0" in style or "margin-top:0" in style or "margin-bottom:0" in style)


def _is_tiny(style: str | None, *, inherited: bool) -> bool:
    """Whether text is too small to be seen; preheaders are written so, and children may set a size again."""
    if not style or "font" not in style.lower():
        return inherited
    size = _FONT_SIZE.search(_compact(style))
    return inherited if size is None else float(size[1]) <= 1


_FONT_SIZE = re.compile(r"(?:^|;)font-size:(\d{1,4}(?:\.\d{1,4})?)(?=px|pt|;|!|$)")


def _emoji(attributes: dict[str, str | None]) -> str:
    """The sign that a picture stands for, as Gmail and Outlook write theirs; other pictures say nothing."""
    text = attributes.get("data-emoji") or attributes.get("alt") or ""
    return text if len(text) <= 4 and not text.isascii() else ""  # noqa: PLR2004 - an emoji with its modifiers


def _is_quotation(tag: str, attributes: dict[str, str | None], *, has_quotations: bool) -> bool:
    """Whether a program marked this element as quoted: by blockquote or by a container of its own."""
    if tag == "blockquote":
        return not _is_indentation(attributes)
    if not attributes:
        return False
    names = _names(attributes)
    return bool(names & _QUOTING) or (not has_quotations and bool(names & _QUOTING_AROUND_BLOCKS))


def _names(attributes: dict[str, str | None]) -> set[str]:
    joined = " ".join(attributes.get(key) or "" for key in ("class", "id", "name", "data-marker")).lower()
    return {name.partition("_ya_")[0] for name in joined.replace("yahoo_quoted_", "yahoo_quoted ").split()}


_QUOTING = frozenset(
    {
        *("gmail_attr", "yahoo_quoted", "outlookmessageheader", "moz-cite-prefix", "moz-forward-container"),
        *("moz-email-headers-table", "divrplyfwdmsg", "mail-editor-reference-message-container"),
        *("ms-outlook-mobile-reference-message", "zmail_extra", "zmail_extra_hr", "messagereplysection", "quote"),
        *("replysplit", "missive_quote", "front-blockquote", "mailru-blockquote", "__headers__", "tutanota_quote"),
        *("hmail-quote", "skiff-quote"),
    }
)
_QUOTING_AROUND_BLOCKS = frozenset(
    {
        *("gmail_quote", "protonmail_quote", "zmail_extra", "gmail_quote_container"),
    }
)
_SIGNATURES = frozenset(
    {
        *("gmail_signature", "moz-signature", "ms-outlook-mobile-signature", "protonmail_signature_block"),
    }
)


def _is_indentation(attributes: dict[str, str | None]) -> bool:
    """Whether a blockquote only moves the writer's own words to the right, as the indent button of Gmail does."""
    if not attributes or set(attributes) - {"style", "dir"}:
        return False
    return "border:none" in _compact(attributes.get("style") or "")


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


def _opening(node: LexborNode, tag: str) -> str:
    kept = [
        f' {name}="{escape(value or "")}"'
        for name, value in node.attributes.items()
        if name in _QUOTABLE[tag] and _is_harmless(name, value or "")
    ]
    return f"<{tag}{''.join(kept)}>"


def _closing(tag: str) -> str:
    return "" if tag in _VOID else f"</{tag}>"


def _is_harmless(name: str, value: str) -> bool:
    if name == "href":
        return _HARMLESS_LINK.match(value) is not None
    if name == "style":
        return _LOADING_STYLE.search(value.lower()) is None
    return True


_HARMLESS_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_LOADING_STYLE = re.compile(r"url|expression|import|behavio|binding|javascript|position|\\|/\*|[<>{}]")
