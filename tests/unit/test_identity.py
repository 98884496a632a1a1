import re

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.identity import Installation, fingerprint_of, identity_of, tokens_in, wording_of
from agent.message import parse

HERE = Installation(b"h" * 32)
ELSEWHERE = Installation(b"e" * 32)
OFFER = "ab" * 32


def mail(message_id: str = "<a@example.org>", author: str = "dev@example.org", text: str = "Shall I?") -> bytes:
    head = f"Message-ID: {message_id}\n" if message_id else ""
    return f"From: {author}\nSubject: Hello\n{head}\n{text}\n".encode()


def test_a_mail_has_the_same_identity_wherever_it_is_seen() -> None:
    assert identity_of(parse(mail())) == identity_of(parse(b"Received: from elsewhere\n" + mail()))


def test_a_footer_of_a_list_makes_no_other_mail() -> None:
    long = "Shall I introduce you to Sara? She builds boats. " * 10
    plain, footed = parse(mail(text=long)), parse(mail(text=f"{long}\n\nSent to the boat list"))
    assert (identity_of(plain), fingerprint_of(plain)) == (identity_of(footed), fingerprint_of(footed))


def test_a_mark_that_a_gateway_puts_before_the_subject_makes_no_other_mail() -> None:
    marked = mail().replace(b"Subject: Hello", b"Subject: [EXTERNAL] Hello")
    assert fingerprint_of(parse(mail())) == fingerprint_of(parse(marked))


def test_one_message_id_of_two_authors_is_two_mails() -> None:
    assert identity_of(parse(mail())) != identity_of(parse(mail(author="eve@example.net")))


def test_two_mails_with_one_message_id_can_be_told_apart() -> None:
    one, other = parse(mail(text="Shall I introduce you to Sara?")), parse(mail(text="Your parcel has come."))
    assert identity_of(one) == identity_of(other)
    assert fingerprint_of(one) != fingerprint_of(other)
    assert identity_of(one, apart=True) != identity_of(other, apart=True)


def test_mails_without_message_id_are_told_apart_by_their_text() -> None:
    assert identity_of(parse(mail("", text="One"))) != identity_of(parse(mail("", text="Two")))


def test_our_own_message_id_is_recognised_here_and_nowhere_else() -> None:
    message_id = HERE.message_id(OFFER, "check_in-1", "example.com")
    assert HERE.offer_key(message_id) == OFFER[:16]
    assert HERE.is_ours(message_id)
    assert not ELSEWHERE.is_ours(message_id)


def test_a_message_id_of_ours_says_nothing_of_the_machine_and_fits_a_header_line() -> None:
    message_id = HERE.message_id(OFFER, "check_in-1", "example.com")
    assert "gracious" not in message_id
    assert len(message_id) < 78


def test_every_letter_of_an_offer_has_its_own_message_id() -> None:
    letters = ["check_in-1", "reminder-1", "clarification-1", "clarification-2", "draft-1"]
    assert len({HERE.message_id(OFFER, letter, "example.com") for letter in letters}) == len(letters)


def test_a_token_is_found_in_a_subject() -> None:
    token = HERE.token(OFFER)
    assert re.fullmatch("[a-z2-7]{13}", token)
    assert token in tokens_in(f"Re: Dev offers to introduce you to Sara [g:{token}]")
    assert token != ELSEWHERE.token(OFFER)


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=200))
def test_nothing_else_is_taken_for_ours(text: str) -> None:
    assert not HERE.is_ours(text)
    assert HERE.token(OFFER) not in tokens_in(text)


def test_a_wording_is_the_same_whatever_the_case_the_accents_the_line_breaks_and_the_numbers() -> None:
    one = wording_of("Shall I introduce you to Zoë on the 14th, at 5?")
    assert one == wording_of("shall I introduce\nyou to Zoe, on the 21st at 6")
    assert one != wording_of("Shall I introduce you to Sara on the 14th, at 5?")
    assert wording_of(" ?! ") is None
