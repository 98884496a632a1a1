"""HTML as text, and as HTML that is safe to quote."""

import pytest

from agent.markup import quotable, render
from agent.quoting import split


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
        "<div class='moz-cite-prefix'>old</div>",
        "<div class='protonmail_quote'>old</div>",
        "<div id='mail-editor-reference-message-container'>old</div>",
        "<div name='messageReplySection'>old</div>",
        "<div name='quote'>old</div>",
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
    assert lines == ["On Monday Nina wrote:", "> q1", "a1", "> q2", "a2"]


@pytest.mark.parametrize("header", ["<div id='divRplyFwdMsg'>", "<div class='OutlookMessageHeader'>"])
def test_below_the_header_that_outlook_quotes_all_is_quoted(header: str) -> None:
    html = f"<div>new<hr>{header}<b>From:</b> Nina</div><div>old</div></div><p>older</p>"
    assert [line for line in render(html).split("\n") if line.strip("> ")] == [
        "new",
        "> From: Nina",
        "> old",
        "> older",
    ]


def test_a_quotation_of_a_magazine_is_not_a_quoted_mail() -> None:
    assert render("a<div class='quote'>b</div>") == "a\nb"


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


# Replies as mail programs write them ----------------------------------------------------------------------------------

CLIENTS = {
    "Outlook desktop": (
        '<html xmlns:o="x"><head><style><!-- p.MsoNormal {margin:0cm} --></style></head>'
        "<body lang=EN-GB><div class=WordSection1><p class=MsoNormal>Hi Nina,<o:p></o:p></p>"
        "<p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>yes, gladly.<o:p></o:p></p>"
        "<p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>Alex<o:p></o:p></p><div>"
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
        "<p class=MsoNormal><b><span lang=EN-US>From:</span></b><span lang=EN-US>"
        " Nina Brandt &lt;nina@example.org&gt; <br><b>Sent:</b> Monday, January 5, 2026 10:00 AM<br><b>"
        "To:</b> Alex Morgan &lt;alex@example.com&gt;<br><b>Subject:</b> Sara<o:p></o:p></span></p>"
        "</div></div><p class=MsoNormal>Shall I introduce you?</p></div></body></html>"
    ),
    "Outlook web": (
        '<div class="elementToProof" style="font-family: Aptos">Hi Nina,</div>'
        '<div class="elementToProof"><br></div><div class="elementToProof">yes, gladly.</div>'
        '<div class="elementToProof"><br></div><div class="elementToProof">Alex</div>'
        '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
        '<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri"><b>From:</b>'
        " Nina Brandt &lt;nina@example.org&gt;<br><b>Sent:</b> Monday, January 5, 2026 10:00 AM<br><b>"
        "To:</b> Alex<br><b>Subject:</b> Sara</font><div>&nbsp;</div></div><div>Shall I introduce you?"
        "</div>"
    ),
    "new outlook": (
        "<div>Hi Nina,</div><div><br></div><div>yes, gladly.</div><div><br></div><div>Alex</div>"
        '<div id="ms-outlook-mobile-signature"><div>Get <a href="https://aka.ms/o0ukef">Outlook for iOS'
        '</a></div></div><div id="mail-editor-reference-message-container"><hr><div id="divRplyFwdMsg">'
        "<b>From:</b> Nina<br><b>Sent:</b> Monday<br></div><div>Shall I introduce you?</div></div>"
    ),
    "iphone": (
        '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head>'
        '<body dir="auto">Hi Nina,<div><br></div><div>yes, gladly.</div><div><br></div><div>Alex<br><br>'
        '<div dir="ltr">Sent from my iPhone</div><div dir="ltr"><br><blockquote type="cite">'
        "On 5 Jan 2026, at 10:00, Nina Brandt &lt;nina@example.org&gt; wrote:<br><br></blockquote></div>"
        '<blockquote type="cite"><div dir="ltr">&#65279;<p>Shall I introduce you?</p></div></blockquote>'
        "</div></body></html>"
    ),
    "apple": (
        '<body>Hi Nina,<br><br>yes, gladly.<br><br>Alex<br><div><br><blockquote type="cite"><div>'
        'On 5. Jan 2026, at 10:00, Nina wrote:</div><br class="Apple-interchange-newline"><div>'
        "Shall I introduce you?</div></blockquote></div><br></body>"
    ),
    "gmail": (
        '<div dir="ltr">Hi Nina,<div><br></div><div>yes, gladly.</div><div><br></div><div>Alex</div>'
        '</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        'On Mon, Jan 5, 2026 at 10:00 AM Nina &lt;<a href="mailto:nina@example.org">nina@example.org</a>'
        "&gt; wrote:<br></div>"
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid">'
        '<div dir="ltr">Shall I introduce you?</div></blockquote></div>'
    ),
    "gmail forward": (
        '<div dir="ltr">Hi Nina,<div><br></div><div>yes, gladly.</div><div><br></div><div>Alex</div><br>'
        '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        '---------- Forwarded message ---------<br>From: <strong class="gmail_sendername" dir="auto">'
        'Nina</strong> <span dir="auto">&lt;nina@example.org&gt;</span><br>'
        "Date: Mon, 5 Jan 2026 at 10:00<br>Subject: Sara<br>To: Alex<br></div><br><br>"
        "Shall I introduce you?</div></div>"
    ),
    "yahoo": (
        '<div class="yahoo-style-wrap"><div dir="ltr">Hi Nina,</div><div><br></div><div>yes, gladly.'
        '</div><div><br></div><div>Alex</div></div><div id="yahoo_quoted_5555" class="yahoo_quoted">'
        "<div>On Monday, January 5, 2026 at 10:00:00 AM GMT+1, Nina &lt;nina@example.org&gt; wrote: "
        "</div><div><br></div><div>Shall I introduce you?</div></div>"
    ),
    "thunderbird": (
        '<p>Hi Nina,</p><p>yes, gladly.</p><p>Alex<br></p><div class="moz-cite-prefix">'
        'Am 05.01.26 um 10:00 schrieb Nina:<br></div><blockquote type="cite" cite="mid:x"><p>'
        'Shall I introduce you?</p></blockquote><div class="moz-signature">-- <br>Alex Morgan</div>'
    ),
    "proton": (
        "<div>Hi Nina,</div><div><br></div><div>yes, gladly.</div><div><br></div><div>Alex</div>"
        '<div class="protonmail_signature_block"><div>Sent with Proton Mail secure email.</div></div>'
        '<div class="protonmail_quote">'
        "On Monday, January 5th, 2026 at 10:00 AM, Nina &lt;nina@example.org&gt; wrote:<br>"
        '<blockquote class="protonmail_quote" type="cite">Shall I introduce you?</blockquote></div>'
    ),
    "gmx": (
        '<html><head></head><body><div style="font-family: Verdana"><div>Hi Nina,</div><div>&nbsp;</div>'
        "<div>yes, gladly.</div><div>&nbsp;</div><div>Alex</div><div>&nbsp;"
        '<div name="quote" style="margin:10px 5px"><div><b>Gesendet:</b>'
        '&nbsp;Montag, 05. Januar 2026 um 10:00 Uhr<br/><b>Von:</b>&nbsp;"Nina" &lt;nina@example.org&gt;'
        "<br/><b>An:</b>&nbsp;alex@example.com<br/><b>Betreff:</b>&nbsp;Sara</div>"
        '<div name="quoted-content">Shall I introduce you?</div></div></div></div></body></html>'
    ),
    "samsung": (
        '<html><head></head><body><div dir="auto">Hi Nina,</div><div dir="auto"><br></div>'
        '<div dir="auto">yes, gladly.</div><div dir="auto"><br></div><div dir="auto">Alex</div><div><br>'
        '</div><div align="left" dir="auto" style="font-size:100%;color:#000000"><div>'
        "-------- Original message --------</div><div>From: Nina &lt;nina@example.org&gt; </div><div>"
        "Date: 05/01/2026  10:00  (GMT+01:00) </div><div>To: Alex </div><div>Subject: Sara </div><div>"
        "<br></div></div>Shall I introduce you?</body></html>"
    ),
    "zoho": (
        '<div style="font-family: Verdana">Hi Nina,<br><br>yes, gladly.<br><br>Alex<br>'
        '<div class="zmail_extra" style=""><div id="Zm-_Id_-Sgn1">'
        "---- On Mon, 05 Jan 2026 10:00:00 +0100 <b>Nina &lt;nina@example.org&gt;</b> wrote ---<br>"
        '</div><br><blockquote id="blockquote_zmail">Shall I introduce you?</blockquote></div></div>'
    ),
    "fastmail": (
        "<div>Hi Nina,<br></div><div><br></div><div>yes, gladly.<br></div><div><br></div><div>Alex<br>"
        "</div><div><br></div><div>On Mon, 5 Jan 2026, at 10:00, Nina wrote:<br></div>"
        '<blockquote type="cite" id="qt"><div>Shall I introduce you?</div></blockquote>'
    ),
    "hey": (
        "<div>Hi Nina,<br><br>yes, gladly.<br><br>Alex<br><br>"
        "On January 5, 2026, Nina &lt;nina@example.org&gt; wrote:<blockquote><div>Shall I introduce you?"
        "</div></blockquote></div>"
    ),
    "superhuman": (
        '<html><body>Hi Nina,<br/><br/>yes, gladly.<br/><br/>Alex<br/><br/><div class="gmail_signature">'
        'Sent via <a href="x">Superhuman</a></div><br/><div class="gmail_quote">'
        'On Mon, Jan 05, 2026 at 10:00 AM, Nina <span dir="ltr">&lt;<a href="mailto:n@x">'
        'nina@example.org</a>&gt;</span> wrote:<br/><blockquote class="gmail_quote">'
        "Shall I introduce you?</blockquote></div></body></html>"
    ),
    "mail.ru": (
        "<div>Hi Nina,</div><div>&nbsp;</div><div>yes, gladly.</div><div>&nbsp;</div><div>Alex</div>"
        '<blockquote style="border-left:1px solid">'
        "Понедельник, 5 января 2026, 10:00 +03:00 от Nina &lt;nina@example.org&gt;:<br>&nbsp;<div>"
        "Shall I introduce you?</div></blockquote>"
    ),
}


@pytest.mark.parametrize("html", CLIENTS.values(), ids=CLIENTS.keys())
def test_the_own_words_of_a_reply_are_found_in_the_html_of_every_program(html: str) -> None:
    parts = split(render(html))
    assert [line for line in parts.own.split("\n") if line] == ["Hi Nina,", "yes, gladly.", "Alex"]
    assert "Shall I introduce you?" in parts.quoted


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
