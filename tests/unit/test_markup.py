"""HTML as text, and as HTML that is safe to quote."""

import pytest

from agent.markup import quotable, render


def test_paragraphs_and_breaks_become_lines() -> None:
    html = "<p>Hi Alex,</p><p>shall I<br>introduce   you\n to <b>Sara</b>?</p><div>Nina</div><div>Bonn</div>"
    assert render(html) == "Hi Alex,\n\nshall I\nintroduce you to Sara?\n\nNina\nBonn"


def test_the_paragraphs_of_word_stand_without_blank_lines() -> None:
    assert render('<p class="MsoNormal">one</p><p class=MsoNormal>two</p><p style="margin: 0cm">three</p>') == (
        "one\ntwo\nthree"
    )


def test_the_blank_lines_of_gmail_are_kept() -> None:
    assert render("<div>one</div><div><br></div><div>two</div>") == "one\n\ntwo"


def test_a_word_is_not_torn_apart_by_markup() -> None:
    assert render("intro<b>duc</b>e <a href='x'>her</a>, <span>now</span>") == "introduce her, now"


def test_entities_and_spaces_that_do_not_break_are_read() -> None:
    assert render("Caf&eacute;&nbsp;&amp; tea &lt;3 &#128075;") == "Café & tea <3 👋"


def test_lists_keep_their_numbers_and_bullets() -> None:
    assert render("<ul><li>tea<li>boats</ul><ol><li>no</li><li>yes</li></ol>") == "- tea\n- boats\n\n1. no\n2. yes"


def test_cells_are_set_apart_and_rows_are_lines() -> None:
    assert render("<table><tr><td>Mon</td><td>tea</td></tr><tr><td>Tue</td><td>boats</td></tr></table>") == (
        "Mon tea\nTue boats"
    )


def test_preformatted_text_keeps_its_lines() -> None:
    assert render("<pre>one\n  two\n\nthree</pre>") == "one\n  two\n\nthree"


@pytest.mark.parametrize(
    "hidden",
    [
        "<span style='display:none'>x</span>",
        "<span style='DISPLAY : NONE !important'>x</span>",
        "<div style='color:red;visibility:hidden'>x</div>",
        "<div style='max-height:0;overflow:hidden'>x</div>",
        "<div style='font-size:0px'>x</div>",
        "<div style='font-size:1px;color:#fff'>x</div>",
        "<div style='opacity:0'>x</div>",
        "<div hidden>x</div>",
        "<div class='Preheader'>x</div>",
        "<style>x</style>",
        "<script>x</script>",
        "<!-- x -->",
        "<!--[if mso]> x <![endif]-->",
        "<title>x</title>",
        "<template>x</template>",
        "<object>x</object>",
        "<textarea>x</textarea>",
        "<select><option>x</select>",
        "<img src='y' alt='x'>",
    ],
)
def test_what_is_not_seen_is_not_read(hidden: str) -> None:
    assert render(f"<p>seen {hidden} as well</p>").replace("  ", " ").replace("\n", " ").split() == [
        "seen",
        "as",
        "well",
    ]


@pytest.mark.parametrize(
    "style", ["max-height:50px", "opacity:0.9", "font-size:10px", "font-size:1.2em", "line-height:0"]
)
def test_what_is_small_but_seen_is_read(style: str) -> None:
    assert render(f"<div style='{style}'>x</div>") == "x"


def test_a_size_set_again_inside_of_a_tiny_one_is_seen() -> None:
    assert render("<table style='font-size:0'><tr><td>no<span style='font-size:14px'>yes</span></table>") == "yes"


def test_an_emoji_drawn_as_a_picture_is_read() -> None:
    assert render("Thanks <img src='x' data-emoji='👍' alt='👍'>") == "Thanks 👍"


def test_invisible_characters_are_dropped() -> None:
    assert render("in&shy;tro&#8203;duce&#847;&#65279;") == "introduce"


@pytest.mark.parametrize(
    "html",
    [
        "<blockquote>old</blockquote>",
        "<blockquote type=cite style='border-left:1px solid'>old</blockquote>",
        "<div class='gmail_quote'>old</div>",
        "<div class='gmail_quote'><blockquote class='gmail_quote'>old</blockquote></div>",
        "<div id='yahoo_quoted_1234567890' class='yahoo_quoted'>old</div>",
        "<div class='OutlookMessageHeader'>old</div>",
        "<div class='moz-cite-prefix'>old</div>",
        "<div class='protonmail_quote'>old</div>",
        "<div id='mail-editor-reference-message-container'>old</div>",
        "<div name='messageReplySection'>old</div>",
    ],
)
def test_what_a_program_marked_as_quoted_is_prefixed(html: str) -> None:
    assert render(f"<div>new</div>{html}<div>below</div>").replace("\n\n", "\n") == "new\n> old\nbelow"


def test_deeper_quotations_have_more_marks() -> None:
    assert render("new<blockquote>one<blockquote>two</blockquote>three</blockquote>").split("\n") == [
        *("new", "", "> one", "> ", "> > two", "> ", "> three")
    ]


def test_what_is_written_between_the_quoted_blocks_of_gmail_is_not_quoted() -> None:
    html = (
        "<div class='gmail_quote'><div class='gmail_attr'>On Monday Nina wrote:</div><blockquote>q1</blockquote>"
        "<div>a1</div><blockquote>q2</blockquote><div>a2</div></div>"
    )
    lines = [line for line in render(html).split("\n") if line]
    assert lines == ["> On Monday Nina wrote:", "> q1", "a1", "> q2", "a2"]


def test_an_indented_paragraph_is_not_quoted() -> None:
    assert render("a<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>b</blockquote>") == "a\nb"


def test_a_signature_is_delimited() -> None:
    assert render("<div>Yes.</div><div class='gmail_signature'>Alex</div>") == "Yes.\n-- \nAlex"


@pytest.mark.parametrize("html", ["", "<", "<!--", "<html><head></head></html>", "<frameset><frame></frameset>", "\0"])
def test_nothing_is_rendered_as_nothing(html: str) -> None:
    assert render(html).strip("<") == ""


def test_text_outside_of_any_element_is_read() -> None:
    assert render("just words") == "just words"
    assert render("</div></p>words</b>") == "words"


# Quoting --------------------------------------------------------------------------------------------------------------


def test_plain_formatting_is_quotable() -> None:
    html = '<p style="color:red">Hi <b>Alex</b>, <a href="https://example.org/a?b=1&amp;c=2">see</a><br>1 &lt; 2</p>'
    assert quotable(f"<html><head><title>t</title></head><body>{html}</body></html>") == html


def test_only_the_attributes_of_an_element_that_are_needed_are_quoted() -> None:
    assert quotable('<td id=x class=y colspan="2" background="http://z" onmouseover="z">a</td>') == "a"
    assert quotable('<table><tr><td id=x colspan="2" background="http://z">a</td></tr></table>') == (
        '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>'
    )


@pytest.mark.parametrize(
    ("html", "quoted"),
    [
        ("a<script>alert(1)</script>b", "ab"),
        ("a<style>@import 'x'</style>b", "ab"),
        ("a<iframe src=x></iframe>b", "ab"),
        ("a<img src='http://x/pixel.gif'>b", "ab"),
        ("a<img src='http://x/cat.gif' alt='a <cat>'>b", "aa &lt;cat&gt;b"),
        ("<form action='http://x'>a<input name=y><button>b</button></form>", "ab"),
        ("<p onclick='x()'>a</p>", "<p>a</p>"),
        ("<a href='javascript:x()'>a</a>", "<a>a</a>"),
        ("<a href=' java\nscript:x()'>a</a>", "<a>a</a>"),
        ("<a href='data:text/html,x'>a</a>", "<a>a</a>"),
        ("<a href='cid:x'>a</a>", "<a>a</a>"),
        ("<a href='mailto:nina@example.org'>a</a>", '<a href="mailto:nina@example.org">a</a>'),
        ("<p style='background:url(http://x)'>a</p>", "<p>a</p>"),
        ("<p style='background:u\\72l(http://x)'>a</p>", "<p>a</p>"),
        ("<p style='width:expression(x)'>a</p>", "<p>a</p>"),
        ("<p style='background:image-set(&quot;http://x&quot; 1x)'>a</p>", "<p>a</p>"),
        ("<p style='position:fixed;top:0'>a</p>", "<p>a</p>"),
        ("<meta http-equiv=refresh content='0;x'>a", "a"),
        ("<base href='http://x'>a", "a"),
        ("<svg><a xlink:href='javascript:x'>a</a></svg>b", "b"),
        ("<math><mi href='javascript:x'>a</mi></math>b", "b"),
        ("<noscript><p title='</noscript><img src=x onerror=y>'>b</p></noscript>", "b"),
        ("<b>a", "<b>a</b>"),
        ("<span style='display:none'>a</span>b", "b"),
        ('<p style="font-family:&quot;x&quot;">a</p>', '<p style="font-family:&quot;x&quot;">a</p>'),
    ],
)
def test_what_runs_loads_or_submits_is_not_quoted(html: str, quoted: str) -> None:
    assert quotable(html).replace("<p></p>", "").replace("<p>b</p>", "b") == quoted


def test_what_was_made_fit_to_quote_stays_as_it_is() -> None:
    once = quotable("<div><p>a<b>b<i>c</div><table><td>d<tr>e</table><ul><li>f")
    assert quotable(once) == once


def test_nesting_beyond_reason_loses_its_tags_and_keeps_its_text() -> None:
    quoted = quotable("<div>" * 3_000 + "deep")
    assert "deep" in quoted
    assert quoted.count("<div>") == quoted.count("</div>") == 100
