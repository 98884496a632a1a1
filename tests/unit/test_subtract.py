"""What the owner wrote in a reply, whatever the client put around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.message import parse
from agent.model import Message, Owner, Question, ReplyContext
from agent.subtract import Segment, segments

ALEX = Owner("Alex Morgan", ("alex@example.com", "am@work.example"), signature="Alex")
OURS = """\
1. Are you swamped?
2. Are you changing fields?

Just reply to this mail. Write as you like, or as briefly as "no, no".

Robin Vale offers to introduce you to Kit Marlow (Example Labs).

Swamped for a while: a yes for later, with your reason and a day. If you are swamped as well, it is the same letter.

Skip this one: no letter, and no more questions about it.
"""
SUBJECT = "Robin Vale offers to introduce you to Kit Marlow [g:abc]"
CONTEXT = ReplyContext(ours=(OURS,), subjects=(SUBJECT,), asked=frozenset(Question), owner=ALEX)
SWAMPED, CHANGING = Question.SWAMPED, Question.CHANGING_FIELDS
QUOTED = "\n".join(f"> {line}".rstrip() for line in OURS.split("\n"))
ATTRIBUTION = "On Tue, Nov 24, 2026 at 9:00 AM Alex Morgan <alex@example.com> wrote:"


def mail(text: str, kind: str = "plain") -> Message:
    head = f"From: Alex <alex@example.com>\nTo: alex@example.com\nContent-Type: text/{kind}; charset=utf-8\n"
    return parse((f"{head}Content-Transfer-Encoding: 8bit\n\n{text}").encode())


def own(text: str, kind: str = "plain", context: ReplyContext = CONTEXT) -> list[tuple[str, Question | None]]:
    return [(segment.text, segment.question) for segment in segments(mail(text, kind), context)]


def test_an_answer_above_a_quotation_stands_alone() -> None:
    assert own(f"No, no\n\n{ATTRIBUTION}\n\n{QUOTED}") == [("No, no", None)]


def test_an_answer_below_the_whole_quotation_stands_under_no_question() -> None:
    assert own(f"{ATTRIBUTION}\n{QUOTED}\n\nNo, no") == [("No, no", None)]


def test_answers_between_the_questions_stand_under_them() -> None:
    text = f"{ATTRIBUTION}\n> 1. Are you swamped?\n\nyes\n\n> 2. Are you changing fields?\n\nno\n\n> Just reply."

    assert own(text) == [("yes", SWAMPED), ("no", CHANGING)]


def test_answers_between_unmarked_questions_stand_under_them() -> None:
    assert own(OURS.replace("swamped?", "swamped?\nyes", 1).replace("fields?", "fields?\nno", 1)) == [
        ("yes", SWAMPED),
        ("no", CHANGING),
    ]


def test_an_answer_on_the_line_of_its_question_stands_under_it() -> None:
    text = OURS.replace("swamped?", "swamped? - yes, until Friday", 1).replace("fields?", "fields? no", 1)

    assert own(text) == [("- yes, until Friday", SWAMPED), ("no", CHANGING)]


def test_words_typed_into_quoted_lines_are_found_and_marked() -> None:
    text = f"{ATTRIBUTION}\n" + QUOTED.replace("> 2.", "> nope\n> 2.", 1).replace("fields?", "fields?\n> not at all", 1)

    found = segments(mail(text), CONTEXT)

    assert [(segment.text, segment.question, segment.is_inside) for segment in found] == [
        ("nope", SWAMPED, True),
        ("not at all", CHANGING, True),
    ]


def test_a_quotation_trimmed_to_the_second_question_keeps_it() -> None:
    assert own("> 2. Are you changing fields?\n\nyes") == [("yes", CHANGING)]


@pytest.mark.parametrize("wrap", [30, 45, 60, 76])
def test_a_quotation_wrapped_anew_is_found(wrap: int) -> None:
    lines = [
        line[i : i + wrap] for line in OURS.replace("\n", " \n").split("\n") for i in range(0, max(1, len(line)), wrap)
    ]
    by_words = "\n".join(lines)

    assert own(f"Neither\n\n{_wrapped(OURS, wrap)}") == [("Neither", None)], by_words


def _wrapped(text: str, width: int) -> str:
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            if line and len(line) + len(word) >= width:
                lines.append(line)
                line = ""
            line = f"{line} {word}".strip()
        lines.append(line)
    return "\n".join(lines)


def test_the_tail_of_a_line_that_was_wrapped_without_a_mark_is_not_the_owner_s() -> None:
    text = (
        "no, no\n\n> Swamped for a while: a yes for later, with your reason\nand a day. If you are\n> swamped as well"
    )

    assert own(text) == [("no, no", None)]


@pytest.mark.parametrize(
    "answer", ["Changing fields.", "Skip this one", "swamped", "Swamped: no\nChanging fields: no", "Write as you like"]
)
def test_an_answer_that_repeats_our_words_is_kept(answer: str) -> None:
    assert own(f"{answer}\n\n{ATTRIBUTION}\n\n{QUOTED}") == [(answer, None)]
    assert own(f"{answer}\n\n{OURS}") == [(answer, None)]


@pytest.mark.parametrize(
    "attribution",
    [
        "Am Di., 24. Nov. 2026 um 09:00 Uhr schrieb Alex Morgan <alex@example.com>:",
        "Le mar. 24 nov. 2026 à 09:00, Alex Morgan <alex@example.com> a\nécrit :",
        "El mar, 24 nov 2026 a las 9:00, Alex Morgan\n(<alex@example.com>) escribió:",
        "On Tue, Nov 24, 2026 at 9:00 AM Alex Morgan\n<alex@example.com>\nwrote:",
        "2026年11月24日(火) 9:00 Alex Morgan <alex@example.com>:",
        "On 2026-11-24 09:00, Alex Morgan wrote:",
        "Alex Morgan writes:",
        "---- On Tue, 24 Nov 2026 09:00:00 +0000 Alex Morgan <alex@example.com> wrote ---",
    ],
)
def test_attribution_lines_go_in_any_language(attribution: str) -> None:
    assert own(f"until the 5th\n\n{attribution}\n{QUOTED}") == [("until the 5th", None)]


def test_an_answer_right_above_an_attribution_line_is_kept() -> None:
    assert own(f"until the 5th\n{ATTRIBUTION}\n{QUOTED}") == [("until the 5th", None)]


@pytest.mark.parametrize(
    "labels",
    [("From", "Sent", "To", "Subject"), ("Von", "Gesendet", "An", "Betreff"), ("差出人", "送信日時", "宛先", "件名")],
)
def test_header_blocks_go_in_any_language(labels: tuple[str, ...]) -> None:
    values = ("Alex Morgan <alex@example.com>", "Tuesday, 24 November 2026 09:00", "alex@example.com", SUBJECT)
    block = "\n".join(f"{label}: {value}" for label, value in zip(labels, values, strict=True))

    assert own(f"Swamped: no\nChanging fields: no\n{'_' * 32}\n{block}\n\n{OURS}") == [
        ("Swamped: no\nChanging fields: no", None)
    ]


def test_a_header_block_with_bold_labels_goes() -> None:
    block = f"*From:* Alex Morgan <alex@example.com>\n*Sent:* Tuesday, 24 November 2026 09:00\n*Subject:* {SUBJECT}"

    assert own(f"no, no\n\n{block}\n\n{OURS}") == [("no, no", None)]


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAlex Morgan\nClosed until 3 January",
        "Alex",
        "Best,\nAlex Morgan\nHead of Things | Example Ltd\nOut of office until 3 January",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Get Outlook for Android<https://aka.ms/AAb9ysg>",
        "This e-mail and any attachments are confidential. If you are not the intended recipient, you must delete it.",
        "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----",
    ],
)
def test_what_stands_below_the_answer_goes(signature: str) -> None:
    found = own(f"no, no\n\n{signature}\n\n{ATTRIBUTION}\n{QUOTED}")

    assert found[0][0].split("\n")[0] == "no, no"
    assert "January" not in str(found)
    assert "not the intended" not in str(found)
    assert "iPhone" not in str(found)
    assert "iQE" not in str(found)


def test_a_postscript_below_the_name_is_read() -> None:
    assert "P.S. until the 5th" in own("swamped, not changing fields\n\nAlex\n\nP.S. until the 5th")[0][0]


def test_a_warning_of_the_mail_server_above_the_answer_goes() -> None:
    text = "CAUTION: This email originated from outside of the organisation. Do not click links.\n\nno, no"

    assert own(text) == [("no, no", None)]


def test_a_signed_message_is_read_inside_its_armour() -> None:
    head = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
    text = f"{head}no, no\n-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"

    assert own(text) == [("no, no", None)]


def test_the_html_part_is_read_where_there_is_no_other() -> None:
    quotation = "<blockquote type=cite><p>1. Are you swamped?</p><p>2. Are you changing fields?</p></blockquote>"
    html = f"<div>no<br>no</div><br>{quotation}"

    assert own(html, "html") == [("no\nno", None)]


def test_our_later_mails_are_subtracted_as_well() -> None:
    ours = "Are you changing fields?\n\nSo far I have understood that you are swamped until 5 December.\n"
    context = ReplyContext(ours=(ours, OURS), subjects=(SUBJECT,), asked=frozenset({CHANGING}), owner=ALEX)
    quoted = "\n".join(f"> {line}".rstrip() for line in ours.split("\n"))

    assert own(f"no\n\n{ATTRIBUTION}\n{quoted}", context=context) == [("no", None)]
    assert own(f"{quoted}\nno", context=context) == [("no", None)]


def test_an_older_answer_of_the_owner_inside_the_quotation_is_not_read_again() -> None:
    ours = "Are you changing fields?\n"
    context = ReplyContext(ours=(ours, OURS), subjects=(SUBJECT,), asked=frozenset({CHANGING}), owner=ALEX)
    quotation = (
        f"> Are you changing fields?\n>\n> {ATTRIBUTION}\n>> yes, swamped until the 5th\n>>\n>> 1. Are you swamped?"
    )
    text = f"no\n\n{ATTRIBUTION}\n{quotation}"

    assert own(text, context=context) == [("no", None)]


def test_the_preface_that_outlook_puts_before_a_comment_goes() -> None:
    assert own(OURS.replace("swamped?", "swamped?\n[Alex Morgan] no", 1)) == [("no", SWAMPED)]


def test_without_anything_of_ours_all_of_it_is_the_owner_s() -> None:
    context = ReplyContext(ours=(), subjects=(), asked=frozenset(Question), owner=ALEX)

    assert segments(mail("no, no\n\nthank you"), context) == (Segment("no, no\n\nthank you"),)


@given(st.text(max_size=400))
def test_no_reply_raises(text: str) -> None:
    segments(mail(text), CONTEXT)
